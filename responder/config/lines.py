"""Where in a document a setting stands, for those who point at its line."""

import re

import yaml

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def line_of(text: str, path: str) -> int:
    """The line of a setting such as `rules[0].checks[1].window`, from 1.

    Of a setting that is not written out, the line of the nearest part above it.
    """
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError):
        return 1
    line = 1
    for index, key in _STEP.findall(path):
        if isinstance(node, yaml.SequenceNode) and index:
            if int(index) >= len(node.value):
                return line
            node = node.value[int(index)]
            line = node.start_mark.line + 1
        elif isinstance(node, yaml.MappingNode) and key:
            found = next((pair for pair in node.value if pair[0].value == key), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
        else:
            return line
    return line
