"""One call as its engine, its voice and its book see it."""


class Call:
    """What is known of one call; times in unix ms by the book's clock, `talk_from` on the monotonic counter."""

    def __init__(self, call_id: bytes, person: str | None, language: str, plan: object) -> None:
        self.id = call_id
        self.person = person
        self.language = language
        self.plan = plan
        self.privilege = plan.privilege
        self.shown = plan.privilege
        self.started = 0
        self.answered = None
        self.accepted_at = None
        self.talk_from = None
        self.notices = []
        self.opened = False
        self.notice_done = False
