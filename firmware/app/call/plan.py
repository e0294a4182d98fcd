"""Before a call: what the dialled digits mean, whether the call may be placed, who may listen, and the price."""

from micropython import const
from store import StoreError
from wire.errors import WireError

from call import RefusedError
from call.number import NumberError, normalise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from store.clock import Clock
    from store.identity import Identity
    from store.journal import Journal

    from call.directory import Directory


# docs/architecture.md, stale things: a policy serves for 30 days after its end.
_POLICY_GRACE_S = const(30 * 86_400)
# Records kept free for calls that are not chargeable.
RESERVE_RECORDS = const(200)


class Plan:
    """One call that may be placed. `privilege` is none, directory, doubt, or protected (no record at all)."""

    def __init__(self, number: str, privilege: str) -> None:
        self.number = number
        self.privilege = privilege
        self.directory: dict | None = None  # bundle-ref
        self.policy: dict | None = None  # bundle-ref
        self.tariff: dict | None = None  # the record's tariff
        self.rate = 0  # micro-dollars a started minute, what the display quotes
        self.ring_timeout_ms = 45_000
        self.max_talk_ms = 900_000


class Planner:
    """Reads the installed policy and tariff anew for each call, so that a new bundle counts at once."""

    def __init__(
        self, bundles: "Any", directory: "Directory", journal: "Journal", clock: "Clock", identity: "Identity"
    ) -> None:
        self._bundles = bundles
        self._directory = directory
        self._journal = journal
        self._clock = clock
        self._identity = identity

    def protected_number(self, code: str) -> str | None:
        """The number of a protected line's short code; these need no PIN and leave no trace."""
        policy = self._body("policy")
        return _lookup(policy["protected"], code) if policy else None

    def protected(self, number: str) -> Plan:
        """A call to a protected line: free, confidential, with the policy's times."""
        plan = Plan(number, "protected")
        policy = self._body("policy")
        if policy:
            _set_times(plan, policy)
        return plan

    def call(self, dialled: str) -> Plan:
        """The plan for dialled digits; RefusedError says why not: number-invalid, policy, not-ready, storage."""
        policy = self._body("policy")
        if policy is None:
            raise RefusedError("not-ready")
        number, always = _number(dialled, policy)
        privilege, directory = self._directory.decide(number)
        if not always and privilege != "directory" and self._is_restricted():
            raise RefusedError("policy")
        plan = Plan(number, privilege)
        plan.directory = directory
        plan.policy = self._bundles.installed("policy").ref()
        _set_times(plan, policy)
        plan.tariff = self._tariff()
        plan.rate = plan.tariff["quote"] if plan.tariff else 0
        self._check_room(plan)
        return plan

    def _body(self, kind: str) -> dict | None:
        """An installed bundle's fields; None without one, or if its file no longer holds."""
        try:
            return self._bundles.read(kind)
        except (StoreError, WireError):
            return None

    def _is_restricted(self) -> bool:
        """Own credential or policy too old: legal, emergency and protected lines only."""
        now_s = self._clock.floor_ms() // 1000
        return now_s >= self._identity.expires or now_s >= self._bundles.installed("policy").expires + _POLICY_GRACE_S

    def _tariff(self) -> dict | None:
        """The record's tariff, None for a free call; a tariff above its own cap charges nobody."""
        found = self._bundles.installed("tariff")
        if found is None:
            return None
        body = self._body("tariff")
        if body is None:
            raise RefusedError("not-ready")
        if self._clock.floor_ms() >= found.expires * 1000:
            if body["after_end"] == "refused":
                raise RefusedError("policy")
            return None
        if body["payer"] == "nobody" or body["rate"] > body["cap"]:
            return None
        return {
            "version": found.version,
            "hash": found.hash,
            "rate": body["rate"],
            "cap": body["cap"],
            "quote": body["rate"],
            "payer": body["payer"],
        }

    def _check_room(self, plan: Plan) -> None:
        needed = RESERVE_RECORDS if plan.rate else 0
        if self._journal.free_records() <= needed:
            raise RefusedError("storage")


def _number(dialled: str, policy: dict) -> tuple[str, bool]:
    """Canonical digits, and whether the policy always allows them; short codes are checked like typed numbers."""
    short = _lookup(policy["always"], dialled)
    try:
        number = short or normalise(dialled, policy["numbering"])
    except NumberError:
        raise RefusedError("number-invalid")
    return number, any(line["number"] == number for line in policy["always"])


def _lookup(lines: list[dict], code: str) -> str | None:
    for line in lines:
        if line["code"] == code:
            return line["number"]
    return None


def _set_times(plan: Plan, policy: dict) -> None:
    plan.ring_timeout_ms = policy["ring_timeout_s"] * 1000
    plan.max_talk_ms = policy["max_talk_s"] * 1000
