# Builds for amd64 and arm64 alike: nothing here names an architecture.
FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/build && python -m venv /opt/responder

# The locked packages first: a change of our own code leaves this layer alone.
COPY requirements.txt requirements-build.txt ./
RUN /opt/build/bin/pip install --require-hashes -r requirements-build.txt \
 && /opt/responder/bin/pip install --require-hashes -r requirements.txt

COPY pyproject.toml README.md LICENSE ./
COPY responder/ responder/
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
 && /opt/responder/bin/pip install --no-deps /dist/*.whl


FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin responder \
 && install -d -o responder -g responder /data /etc/responder
COPY --from=build /opt/responder /opt/responder
# Nothing is written outside /data, but for bodies too large for memory, which pass
# through /tmp: docker run --read-only --tmpfs /tmp -v responder:/data
#   -v ./responder.yaml:/etc/responder/responder.yaml:ro
# A host that mounts no files gives the document in RESPONDER_CONFIG_YAML instead.
ENV PATH=/opt/responder/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    RESPONDER_CONFIG=/etc/responder/responder.yaml
USER 10001
# The default database, sqlite:///responder.db, is relative: it lands in the volume.
WORKDIR /data
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["responder", "healthcheck"]
ENTRYPOINT ["responder"]
CMD ["serve"]
