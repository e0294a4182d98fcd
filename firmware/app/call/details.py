"""One call as its engine, its voice and its book see it."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from call.plan import Plan


class Call:
    """What is known of one call; times in unix ms by the book's clock, `talk_from` on the monotonic counter."""

    def __init__(self, call_id: bytes, person: str | None, language: str, plan: "Plan") -> None:
        self.id = call_id
        self.person = person
        self.language = language
        self.plan = plan
        self.privilege = plan.privilege
        self.shown = plan.privilege
        self.started = 0
        self.answered: int | None = None
        self.accepted_at: int | None = None
        self.talk_from: int | None = None
        self.notices: list[dict] = []
        self.opened = False
        self.notice_done = False
