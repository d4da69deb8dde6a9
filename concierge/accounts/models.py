"""Tables of customers: accounts, sites, contacts."""

from datetime import date, datetime, time

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from concierge.accounts.states import ContactRole, SiteClosureKind
from concierge.core.names import initials
from concierge.core.travel import Spot
from concierge.platform.database import Base, Line, Prose, Versioned, text_enum
from concierge.platform.searching import Searchable


class Account(Searchable, Versioned, Base):
    """A customer's organisation."""

    __tablename__ = "accounts"
    searched = ("name", "key")
    found_key = "key"

    name: Mapped[str] = mapped_column(Line(160))
    key: Mapped[str] = mapped_column(Line(8), unique=True)
    """Two to four capital letters made from the name; the first half of its projects' keys."""
    next_number: Mapped[int] = mapped_column(default=1)
    """The number that the account's next project gets."""
    party_id: Mapped[str | None] = mapped_column(Line(80), unique=True)
    """Identifier in the ordering system, ``scheme:value``; None when it was typed in by hand."""
    created_on: Mapped[date]

    sites: Mapped[list["Site"]] = relationship(
        back_populates="account", lazy="raise_on_sql", order_by="Site.id"
    )
    contacts: Mapped[list["Contact"]] = relationship(
        back_populates="account", lazy="raise_on_sql", order_by="Contact.id"
    )


class Site(Searchable, Versioned, Base):
    """A place of installation with its own calendar, hours and dock."""

    __tablename__ = "sites"
    searched = ("name", "city")
    found_under = ("accounts", "account_id")

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    name: Mapped[str] = mapped_column(Line(120))
    street: Mapped[str] = mapped_column(Line(200), default="")
    postcode: Mapped[str] = mapped_column(Line(20), default="")
    city: Mapped[str] = mapped_column(Line(100), default="")
    country: Mapped[str] = mapped_column(sa.String(2))
    """ISO 3166-1 alpha-2, upper case."""
    subdivision: Mapped[str] = mapped_column(Line(10), default="")
    """ISO 3166-2 without the country, e.g. BS; empty when unknown."""
    zone: Mapped[str] = mapped_column(Line(64))
    """IANA name of the time zone."""
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    """Decimal degrees (WGS 84), north and east positive; both or neither. Ways are estimated by them."""
    access_from: Mapped[time] = mapped_column(default=time(8))
    access_to: Mapped[time] = mapped_column(default=time(17))
    """Hours at the site during which our people and carriers are let in, wall time."""
    dock_notes: Mapped[str] = mapped_column(Prose(2000), default="")
    is_confidential: Mapped[bool] = mapped_column(default=False)
    """Whether the customer's page asks for a code by mail besides the link."""

    account: Mapped[Account] = relationship(back_populates="sites", lazy="raise_on_sql")
    hours: Mapped[list["SiteHours"]] = relationship(
        lazy="raise_on_sql", order_by="[SiteHours.weekday, SiteHours.opens]"
    )
    closures: Mapped[list["SiteClosure"]] = relationship(
        lazy="raise_on_sql", order_by="[SiteClosure.first_on, SiteClosure.id]"
    )

    __table_args__ = (
        sa.CheckConstraint("access_from < access_to", name="access_hours_in_order"),
        sa.CheckConstraint("(latitude IS NULL) = (longitude IS NULL)", name="both_degrees_or_none"),
        sa.CheckConstraint("latitude IS NULL OR abs(latitude) <= 90", name="latitude_on_earth"),
        sa.CheckConstraint("longitude IS NULL OR abs(longitude) <= 180", name="longitude_on_earth"),
    )

    @property
    def region(self) -> tuple[str, str]:
        """Country and subdivision: what a working calendar is asked by."""
        return self.country, self.subdivision

    @property
    def degrees(self) -> str:
        """Where it is, as maps write it; empty when nobody has said."""
        return "" if self.latitude is None else f"{self.latitude}, {self.longitude}"

    @property
    def spot(self) -> Spot:
        """Where it is, for the estimate of ways."""
        return Spot(self.country, self.city, self.latitude, self.longitude, f"site {self.id}")

    @property
    def address_line(self) -> str:
        """The postal address in one line, without the country's name."""
        town = " ".join(part for part in (self.postcode, self.city) if part)
        return ", ".join(part for part in (self.street, town) if part)


class SiteHours(Base):
    """A stretch of a weekday in which we are let in; a site without any follows its country's week."""

    __tablename__ = "site_hours"

    site_id: Mapped[int] = mapped_column(sa.ForeignKey("sites.id", ondelete="CASCADE"), index=True)
    weekday: Mapped[int]
    """Monday is 0."""
    opens: Mapped[time]
    closes: Mapped[time]
    """Wall time at the site."""

    __table_args__ = (
        sa.UniqueConstraint("site_id", "weekday", "opens"),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_in_week"),
        sa.CheckConstraint("opens < closes", name="in_order"),
    )


class SiteClosure(Versioned, Base):
    """Days on which nobody works at a site, or on which nothing there may be changed; both ends inclusive."""

    __tablename__ = "site_closures"

    site_id: Mapped[int] = mapped_column(sa.ForeignKey("sites.id", ondelete="CASCADE"), index=True)
    kind: Mapped[SiteClosureKind] = mapped_column(text_enum(SiteClosureKind))
    name: Mapped[str] = mapped_column(Line(120))
    first_on: Mapped[date]
    last_on: Mapped[date]
    from_time: Mapped[time | None]
    to_time: Mapped[time | None]
    """Only these hours of each of the days; both None: the whole day."""

    __table_args__ = (
        sa.CheckConstraint("first_on <= last_on", name="in_order"),
        sa.CheckConstraint("(from_time IS NULL) = (to_time IS NULL)", name="both_times_or_none"),
        sa.CheckConstraint("from_time IS NULL OR from_time < to_time", name="times_in_order"),
    )


class Contact(Searchable, Versioned, Base):
    """A person at a customer."""

    __tablename__ = "contacts"
    searched = ("name", "email")
    found_under = ("accounts", "account_id")

    account_id: Mapped[int] = mapped_column(sa.ForeignKey("accounts.id"), index=True)
    site_id: Mapped[int | None] = mapped_column(sa.ForeignKey("sites.id"), index=True)
    """The site they belong to; None: the whole account."""
    name: Mapped[str] = mapped_column(Line(120))
    email: Mapped[str] = mapped_column(Line(254), default="")
    phone: Mapped[str] = mapped_column(Line(40), default="")
    role: Mapped[ContactRole] = mapped_column(text_enum(ContactRole), default=ContactRole.LAB)
    title: Mapped[str] = mapped_column(Line(80), default="")
    """What they are called there, e.g. "lab manager"."""
    language: Mapped[str] = mapped_column(Line(16), default="en")
    zone: Mapped[str] = mapped_column(Line(64), default="UTC")
    is_reminded: Mapped[bool] = mapped_column(default=True)
    """Whether they want reminders; they can say no in each."""

    account: Mapped[Account] = relationship(back_populates="contacts", lazy="raise_on_sql")
    site: Mapped[Site | None] = relationship(lazy="raise_on_sql")

    @property
    def initials(self) -> str:
        """At most two letters for the round badge."""
        return initials(self.name)


class ContactAway(Base):
    """A stretch of time in which somebody at a customer is not there; wall time where they are, and the instants."""

    __tablename__ = "contact_aways"

    contact_id: Mapped[int] = mapped_column(sa.ForeignKey("contacts.id", ondelete="CASCADE"))
    starts_local: Mapped[datetime] = mapped_column(sa.DateTime())
    ends_local: Mapped[datetime] = mapped_column(sa.DateTime())
    zone: Mapped[str] = mapped_column(Line(64))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]

    __table_args__ = (
        sa.CheckConstraint("starts_at < ends_at", name="in_order"),
        sa.Index("ix_contact_aways_contact_id_starts_at", "contact_id", "starts_at"),
    )
