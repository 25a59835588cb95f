"""Times in a cassette: offsets from its start, one by one or as an even spread."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    model_validator,
)

from responder.config.durations import duration, said

MOST = 20_000
"""Lines of one entry."""

Offset = Annotated[
    timedelta, BeforeValidator(duration), PlainSerializer(said, return_type=str)
]
"""`2m30s`: this long after the cassette's start, to the millisecond."""


class Part(BaseModel):
    """A mapping of a cassette: unknown keys are refused, inputs never repeated."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )


class Spread(Part):
    """Times at even distances: `count` of them, or one `every` so often.

    The first is at `from`, the last of a `count` at `to`. With `every` and without
    `to` it goes on as long as the world does.
    """

    since: Offset = Field(
        default=timedelta(), validation_alias="from", serialization_alias="from"
    )
    to: Offset | None = None
    count: Annotated[int, Field(ge=1, le=MOST)] | None = None
    every: Offset | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.count is None) == (self.every is None):
            raise ValueError("give either count (with to) or every")
        if self.count is not None and self.to is None:
            raise ValueError("count needs to, the time of the last")
        if self.to is not None and self.to < self.since:
            raise ValueError("to is before from")
        if self.every is not None and self.every < timedelta(milliseconds=10):
            raise ValueError("every is less than 10ms")
        return self

    def times(self, end: timedelta) -> list[timedelta]:
        """The offsets, none later than `end`."""
        if self.count is not None and self.to is not None:
            gaps = max(self.count - 1, 1)
            found = [
                self.since + (self.to - self.since) * n / gaps
                for n in range(self.count)
            ]
            return [at for at in found if at <= end]
        assert self.every is not None
        last = min(end, self.to) if self.to is not None else end
        many = max((last - self.since) // self.every + 1, 0)
        return [self.since + self.every * n for n in range(min(many, MOST))]


Times = Annotated[list[Offset | Spread], Field(min_length=1, max_length=MOST)]
