"""The few kinds of panel that both dashboards are made of."""

from collections.abc import Sequence
from typing import TypeVar

from grafana_foundation_sdk.builders import common, prometheus, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    DatasourceVariable,
    QueryVariable,
    ThresholdsConfig,
)
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
    VariableOption,
    VariableRefresh,
)

SOURCE = shapes.DataSourceRef(type_val="prometheus", uid="${datasource}")
CALM, NOTICE, ALARM = "green", "orange", "red"

Panel = TypeVar("Panel", stat.Panel, timeseries.Panel)
Query = tuple[str, str]
"""PromQL, and the legend of its series."""


def board(uid: str, title: str, description: str, *, since: str) -> Dashboard:
    """An empty dashboard that works with whatever Prometheus is chosen."""
    chosen = VariableOption(text="Pizza Prometheus", value="pizza-prom")
    return (
        Dashboard(title)
        .uid(uid)
        .description(description)
        .tags(["responder"])
        .timezone("utc")
        .editable()
        .refresh("10s")
        .time(since, "now")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(
            DatasourceVariable("datasource")
            .label("Prometheus")
            .type("prometheus")
            .current(chosen)
        )
        .link(
            DashboardLink("Responder")
            .type(DashboardLinkType.DASHBOARDS)
            .tags(["responder"])
            .keep_time(True)
        )
    )


def rule_variable() -> QueryVariable:
    """A choice among the rules of the configuration, all of them at first."""
    return (
        QueryVariable("rule")
        .label("Rule")
        .datasource(SOURCE)
        .query("label_values(responder_incidents, rule)")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(VariableOption(text="All", value="$__all"))
    )


def _told(panel: Panel, title: str, about: str, queries: Sequence[Query]) -> Panel:
    panel.title(title).description(about).datasource(SOURCE)
    for ref, (expr, legend) in zip("ABCD", queries, strict=False):
        query = prometheus.Dataquery().ref_id(ref).expr(expr).legend_format(legend)
        panel.with_target(query.datasource(SOURCE).range())
    return panel


def _steps(panel: stat.Panel, steps: Sequence[tuple[float, str]]) -> stat.Panel:
    levels = [Threshold(color=CALM)]
    levels += [Threshold(value=value, color=color) for value, color in steps]
    config = ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(levels)
    return panel.thresholds(config)


def number(
    title: str,
    about: str,
    *queries: Query,
    unit: str = "short",
    steps: Sequence[tuple[float, str]] = (),
    words: dict[str, tuple[str, str]] | None = None,
    width: int = 4,
) -> stat.Panel:
    """The latest value, large. `words` names values: text and colour."""
    panel = _steps(_told(stat.Panel(), title, about, queries), steps)
    if words:
        options = {
            value: ValueMappingResult(text=text, color=color)
            for value, (text, color) in words.items()
        }
        panel.mappings([ValueMap(options=options)])
    last = common.ReduceDataOptions().calcs(["lastNotNull"])
    return (
        panel.unit(unit)
        .height(4)
        .span(width)
        .reduce_options(last)
        .color_mode(shapes.BigValueColorMode.BACKGROUND)
        .graph_mode(shapes.BigValueGraphMode.NONE)
        .no_value("never")
    )


def lines(
    title: str, about: str, *queries: Query, unit: str = "short", width: int = 12
) -> timeseries.Panel:
    """Curves over time."""
    legend = common.VizLegendOptions()
    legend.display_mode(shapes.LegendDisplayMode.LIST)
    legend.placement(shapes.LegendPlacement.BOTTOM).show_legend(True)
    return (
        _told(timeseries.Panel(), title, about, queries)
        .unit(unit)
        .height(8)
        .span(width)
        .min(0)
        .legend(legend)
    )


def bars(
    title: str, about: str, *queries: Query, unit: str = "short", width: int = 12
) -> timeseries.Panel:
    """How often something happened, piled up by kind."""
    pile = common.StackingConfig().mode(shapes.StackingMode.NORMAL)
    return (
        lines(title, about, *queries, unit=unit, width=width)
        .draw_style(shapes.GraphDrawStyle.BARS)
        .fill_opacity(70)
        .stacking(pile)
    )
