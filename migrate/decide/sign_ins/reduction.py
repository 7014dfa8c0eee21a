"""From a row of the log to its kind: words become axes of policies, addresses become named locations, names vanish."""

from __future__ import annotations

from msgspec import structs

from migrate.decide.coverage.locations import Countries, Ranges, read_locations
from migrate.decide.sign_ins.words import SET_ASIDE, class_of, is_hybrid, is_silent, platform_of, ways_of
from migrate.decide.stated_sign_in import address_of
from migrate.errors import UsageProblem
from migrate.model.evidence import Evidence
from migrate.model.sign_in_rows import NO_CODE, RowShape
from migrate.model.sign_ins import Form, Places, SetAside, SignInKind


class Reducer:
    """Reduces rows with the named locations of one snapshot. Pure."""

    def __init__(self, evidence: Evidence, tenant_id: str) -> None:
        locations = read_locations(evidence.named_locations)
        # Thousands of addresses are held against hundreds of ranges: as numbers, that costs little.
        self._ranges = [
            (one.id, network.version, int(network[0]), int(network[-1]))
            for _, one in sorted(locations.items())
            if isinstance(one, Ranges)
            for network in one.networks
        ]
        self._names_countries = any(isinstance(one, Countries) for one in locations.values())
        self._tenant_id = tenant_id.lower()
        self._known: dict[RowShape, SignInKind | SetAside] = {}
        """Kinds without their places, of which each shape has many."""

    def places_of(self, addresses: tuple[str, str]) -> Places:
        """Return where a sign-in came from, without its addresses."""
        return self._places(addresses[0]), self._places(addresses[1])

    def _places(self, text: str) -> tuple[str, ...] | None:
        if not text:
            return None
        try:
            address = address_of(text)
        except UsageProblem:
            return None
        assert address is not None
        version, number = address.version, int(address)
        inside = [where for where, of, first, last in self._ranges if of == version and first <= number <= last]
        return tuple(dict.fromkeys(inside))

    def kind_of(self, shape: RowShape, places: Places) -> SignInKind | SetAside:
        """Return the kind of a row, or why it is set aside."""
        known = self._known.get(shape)
        if known is None:
            known = self._known[shape] = self._anywhere(shape)
        if not isinstance(known, SignInKind) or places == (None, None):
            return known
        return structs.replace(known, places=places[0], places_seen_by_resource=places[1])

    def _anywhere(self, shape: RowShape) -> SignInKind | SetAside:
        aside = self._aside(shape)
        if aside is not None:
            return aside
        platform = platform_of(shape.operating_system)
        kind = SignInKind(
            form=Form.INTERACTIVE if shape.interactive else Form.NON_INTERACTIVE,
            resources=shape.audiences or ((shape.resource,) if shape.resource else ()),
            contexts=shape.contexts,
            client=shape.client,
            application="",
            protocol=shape.protocol,
            flow=shape.flow or None,
            platform=platform,
            places=None,
            places_seen_by_resource=None,
            country=shape.country if self._names_countries else None,
            global_secure_access=shape.global_secure_access,
            risk=shape.risk,
            compliant=False if shape.compliant is None and not shape.known_device else shape.compliant,
            hybrid_joined=is_hybrid(shape.trust),
            external=shape.cross_tenant or "none",
            outcome=class_of(shape.code),
            code=shape.code,
            multifactor=shape.multifactor,
            asked_by=shape.asked_by,
            silent=is_silent(shape.methods or (), shape.token),
            results=None if shape.results is None else tuple(sorted({(one.id, one.result) for one in shape.results})),
            enforced_mfa=tuple(
                sorted({one.id for one in shape.results or () if _enforced(one.result) and one.demands_mfa})
            ),
        )
        # Lists of people name the application only where somebody has to change it.
        return structs.replace(kind, application=shape.application) if ways_of(kind) else kind

    def _aside(self, shape: RowShape) -> SetAside | None:
        if shape.code == NO_CODE:
            return SetAside.UNREADABLE
        if shape.resource_tenant and shape.resource_tenant != self._tenant_id:
            return SetAside.OUTBOUND
        if shape.agent and shape.agent.casefold() != "notagentic":
            return SetAside.AGENT
        word = SET_ASIDE.get((shape.cross_tenant or "").casefold())
        return SetAside(word) if word else None


def _enforced(result: str) -> bool:
    return result.casefold() in ("success", "failure")
