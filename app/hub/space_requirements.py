"""requirements.txt of a Space: what its files import of others, pinned to the versions that are installed here.

The Hub installs Gradio itself beside that file, with two extras. Where these want another version than ours, theirs holds:
else nothing could be installed there.
"""

from collections.abc import Collection, Mapping
from functools import cache
from importlib.metadata import packages_distributions, requires, version

ZERO_GPU = "zero-a10g"
# Imported in functions that a Space never calls, and why it never does.
NOT_CALLED = {
    "bm25s": "nearest texts: the data they are found in are not carried along",
    "jax": "another backend of Keras than the Space's",
    "kagglehub": "models by KerasHub's names: a Space's model comes from the Hub",
    "requests": "errors of kagglehub",
    "spaces": "ZeroGPU alone",
}
HUB_EXTRAS = ("oauth", "mcp")  # gradio[oauth,mcp] is what the Hub installs
# Those without an upper end that a platform of others sets: pinned, they would grow stale when it changes.
ITS_OWN = {"spaces": "spaces>=0.51"}


def requirements(modules: Collection[str], hardware: str | None) -> str:
    """The text of requirements.txt.

    keras-hub asks for tensorflow-text, and that for tensorflow: the smaller tensorflow-cpu would come beside it, not in
    its place.

    Args:
        modules: of others, as they are imported.
        hardware: of the Space; a card of its own needs TensorFlow's libraries for it.
    """
    known = _packages()
    names = {module: sorted(set(known.get(module, [module])))[0] for module in modules if module not in NOT_CALLED}
    lines = [f"{_named(module, name, hardware)}{_pin(name)}" for module, name in names.items()]
    if hardware == ZERO_GPU:
        lines.append(ITS_OWN["spaces"])
    return "\n".join(sorted(lines, key=str.lower)) + "\n"


def has_card(hardware: str | None) -> bool:
    """Whether that hardware has a graphics card that TensorFlow can use; ZeroGPU lends its own to PyTorch alone."""
    return hardware is not None and not hardware.startswith("cpu") and hardware != ZERO_GPU


@cache
def _packages() -> Mapping[str, list[str]]:
    """Module → what it is installed by; to find out takes half a second."""
    return packages_distributions()


def _named(module: str, name: str, hardware: str | None) -> str:
    if module == "tensorflow":  # whatever it is called where the page is sent from
        return "tensorflow[and-cuda]" if has_card(hardware) else "tensorflow"
    return name


def _pin(name: str) -> str:
    """ "==" and the version; a range where the Hub's extras of Gradio want one that has no end to take."""
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    installed = version(name).partition("+")[0]
    wanted = SpecifierSet(",".join(_wanted_by_extras(name)))
    if Version(installed) in wanted:
        return f"=={installed}"
    ends = [Version(each.version) for each in wanted if each.operator == "<=" and Version(each.version) in wanted]
    return f"=={max(ends)}" if ends else str(wanted)


def _wanted_by_extras(name: str) -> list[str]:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found = [Requirement(line) for line in requires("gradio") or ()]
    return [
        str(each.specifier) for each in found
        if canonicalize_name(each.name) == canonicalize_name(name)
        and (each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in HUB_EXTRAS))
    ]  # fmt: skip
