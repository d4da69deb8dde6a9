"""What is different between two versions of a playbook: added, removed, changed, each value old and new."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from concierge.catalogue.contents import COLLECTIONS, Contents, Part, plain


@dataclass(frozen=True, slots=True)
class Changed:
    """One value of a part, before and after, as plain values."""

    name: str
    before: object
    after: object


@dataclass(frozen=True, slots=True)
class Difference:
    """One part that is not the same in both; nothing before: added, nothing after: removed."""

    collection: str
    key: str
    before: Part | None
    after: Part | None
    changed: tuple[Changed, ...] = ()

    @property
    def act(self) -> str:
        """What became of it: ``added``, ``removed`` or ``changed``."""
        if self.before is None:
            return "added"
        return "removed" if self.after is None else "changed"


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences, those of one collection together in its order, and the parts that changed their place."""

    differences: tuple[Difference, ...]
    about: tuple[Changed, ...]
    """Of the playbook itself: its name and note."""
    moved: int
    """Milestones that stand elsewhere among those that both have."""

    @property
    def is_same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences and not self.about and not self.moved

    def count(self, act: str, collection: str = "") -> int:
        """How many parts were added, removed or changed."""
        return sum(one.act == act and collection in {"", one.collection} for one in self.differences)

    def of(self, collection: str) -> tuple[Difference, ...]:
        """The differences of one collection."""
        return tuple(one for one in self.differences if one.collection == collection)


def compared(before: Contents, after: Contents) -> Comparison:
    """What is different in `after`."""
    found: list[Difference] = []
    for collection in COLLECTIONS:
        old = {part.key: part for part in before.parts(collection)}
        new = {part.key: part for part in after.parts(collection)}
        for key in (*new, *(key for key in old if key not in new)):
            one, other = old.get(key), new.get(key)
            if one != other:
                found.append(Difference(collection, key, one, other, changed(one, other)))
    about = tuple(
        Changed(name, getattr(before, name), getattr(after, name))
        for name in ("name", "note")
        if getattr(before, name) != getattr(after, name)
    )
    return Comparison(tuple(found), about, _moved(before.milestones, after.milestones))


def changed(before: object, after: object) -> tuple[Changed, ...]:
    """The values in which two parts differ; none when one of them is not there."""
    if before is None or after is None:
        return ()
    return tuple(
        Changed(one.name, plain(getattr(before, one.name)), plain(getattr(after, one.name)))
        for one in fields(before)  # type: ignore[arg-type]  # parts are dataclasses
        if getattr(before, one.name) != getattr(after, one.name)
    )


def _moved(before: Sequence[Part], after: Sequence[Part]) -> int:
    common = {part.key for part in before} & {part.key for part in after}
    one = [part.key for part in before if part.key in common]
    other = [part.key for part in after if part.key in common]
    return sum(left != right for left, right in zip(one, other, strict=True))
