"""What a run found, as a table, as a file, and beside the run before."""

import json
import os
import platform
import subprocess
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured thing: its value, and how many times the yardstick's cost it is (None where there is none)."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    yardstick: str = ""
    remark: str = ""

    @property
    def more_is_better(self) -> bool:
        """Whether a higher value is the better one."""
        return self.unit == "/s"


@dataclass(frozen=True, slots=True)
class Run:
    """All figures of one run and where they come from."""

    at: str
    machine: str
    commit: str
    figures: tuple[Figure, ...]


def run_of(figures: list[Figure]) -> Run:
    """A run that ends now, on this machine, at this commit."""
    said = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    )
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    return Run(datetime.now(UTC).isoformat(timespec="seconds"), machine, said.stdout.strip(), tuple(figures))


def saved(run: Run, folder: Path) -> Path:
    """Write a run beside earlier ones."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run.at[:19].replace(':', '')}.json"
    path.write_text(json.dumps(asdict(run), indent=2, ensure_ascii=False) + "\n", "utf-8")
    return path


def last(folder: Path) -> Run | None:
    """The run before, or None."""
    paths = sorted(folder.glob("*.json"))
    if not paths:
        return None
    kept = json.loads(paths[-1].read_text("utf-8"))
    return Run(**{**kept, "figures": tuple(Figure(**figure) for figure in kept["figures"])})


def table(run: Run, before: Run | None) -> str:
    """A run in columns; the last one says what became of the ratio (or of the value) since the run before."""
    earlier = {figure.name: figure for figure in before.figures} if before else {}
    lines = [f"{'':<46}{'figure':>14}   {'ratio':>9}  {'to':<22}{'since last run':>15}"]
    for figure in run.figures:
        ratio = f"× {_number(figure.ratio)}" if figure.ratio is not None else ""
        lines.append(
            f"{figure.name:<46}{_number(figure.value):>9} {figure.unit:<4}   {ratio:>9}  {figure.yardstick:<22}"
            f"{_since(figure, earlier.get(figure.name)):>15}"
            + (f"  {figure.remark}" if figure.remark else "")
        )
    about = f"{run.machine}, commit {run.commit}"
    return "\n".join(
        [about, *lines, *([f"Compared with {before.at}, commit {before.commit}."] if before else [])]
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _since(figure: Figure, earlier: Figure | None) -> str:
    if earlier is None:
        return "new"
    now, then = (
        (figure.ratio, earlier.ratio) if figure.ratio and earlier.ratio else (figure.value, earlier.value)
    )
    if not then:
        return ""
    change = (now / then - 1) * 100
    is_ratio = figure.ratio is not None and earlier.ratio is not None
    better = change > 0 if figure.more_is_better and not is_ratio else change < 0
    return f"{change:+.0f} %" + (
        " better" if better and abs(change) >= 10 else " WORSE" if abs(change) >= 25 else ""
    )
