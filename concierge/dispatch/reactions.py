"""What offers of times do when something happens: letters to who chooses, and an end where it was planned otherwise."""

from collections.abc import Sequence

from concierge.dispatch import mails, offers
from concierge.dispatch.actions import choosing, offering
from concierge.dispatch.events import (
    OfferOvertaken,
    OfferSent,
    OfferWithdrawn,
    TimesOffered,
)
from concierge.dispatch.models import SlotOffer
from concierge.dispatch.states import OfferState
from concierge.platform import mail
from concierge.platform.events import together
from concierge.projects.models import Project
from concierge.readiness import queries as readiness
from concierge.readiness.actions import linking
from concierge.readiness.events import LinkRevoked
from concierge.visits.events import VisitCancelled, VisitConfirmed, VisitPlanned, WorkCancelled, WorkDone


def letter_key(offer: SlotOffer) -> str:
    """What the letter with an offer's times is known by."""
    return f"offer:{offer.id}:times:{offer.sent_at.isoformat()}"


def mail_offer(event: TimesOffered | OfferSent) -> None:
    """Write the letter that lets the customer choose; it is held for a while, as any that somebody of ours causes."""
    offer = offers.offer_by_id(event.offer_id)
    token = linking.token_of(offer.link)
    letter = mails.offer_letter(offer, _project(offer), address=_address(offer), token=token)
    mail.post(letter, key=letter_key(offer), project_id=offer.project_id, leaves_by=offer.expires_at)


def mail_no_longer(event: OfferWithdrawn | OfferOvertaken) -> None:
    """Say that times cannot be chosen any more, unless the letter with them has not left: then it stays here."""
    if isinstance(event, OfferOvertaken) and event.is_replaced:
        mail.stop_untold(
            f"offer:{event.offer_id}:times:", since=event.offered_at, by_id=event.actor_id, at=event.at
        )
        return  # the letter with the new times says it
    if mail.stop_untold(
        f"offer:{event.offer_id}:times:", since=event.offered_at, by_id=event.actor_id, at=event.at
    ):
        return
    offer = offers.offer_by_id(event.offer_id)
    if not offer.link.is_open(at=event.at):
        return
    letter = mails.no_longer_letter(
        offer, _project(offer), address=linking.address_of(offer.link), token=linking.token_of(offer.link)
    )
    mail.post(letter, key=f"offer:{offer.id}:no longer", project_id=offer.project_id)


def end_offers_of_many(events: Sequence[VisitPlanned | VisitConfirmed]) -> None:
    """End what is offered for the work of many visits; nearly always nothing is."""
    offered = offers.offered_among([event.visit_id for event in events])
    for event in events:
        if event.visit_id in offered:
            end_offers(event)


@together(end_offers_of_many)
def end_offers(event: VisitPlanned | VisitConfirmed) -> None:
    """End what is offered for work that gets its time otherwise, and the delay that a cancelled visit left."""
    found = offers.of_visit(event.visit_id, [OfferState.OPEN])
    offering.overtake(found, at=event.at, actor_id=event.actor_id)
    if isinstance(event, VisitPlanned) and event.work_order_id is not None:
        works = [event.work_order_id]
        offering.settle(works, at=event.at)
        choosing.end_delays(works, at_visit=event.visit_id, at=event.at, actor_id=event.actor_id)


def end_chosen(event: VisitCancelled) -> None:
    """Let nobody move or cancel any more what one of ours, or the plan, called off."""
    found = [
        one for one in offers.of_visit(event.visit_id, [OfferState.BOOKED]) if one.visit_id == event.visit_id
    ]
    offering.overtake(found, at=event.at, actor_id=event.actor_id)


def end_with_work(event: WorkDone | WorkCancelled) -> None:
    """End what is offered for work that is done or will not be."""
    works = [event.work_order_id]
    offering.overtake(offers.of_work_in(works, [OfferState.OPEN]), at=event.at, actor_id=event.actor_id)
    offering.settle(works, at=event.at)


def end_with_link(event: LinkRevoked) -> None:
    """Withdraw what somebody was offered whose link was ended: nobody can choose it any more."""
    for offer in offers.open_of_link(event.link_id):
        offering.withdraw(offer, reason="", at=event.at, actor_id=event.actor_id)


def _project(offer: SlotOffer) -> Project:
    return readiness.projects_printed([offer.project_id])[0]


def _address(offer: SlotOffer) -> str:
    return f"{linking.address_of(offer.link)}/times/{offer.id}"
