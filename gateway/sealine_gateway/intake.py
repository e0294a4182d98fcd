"""Intake of what terminals send for keeping: durable in outbox or chunk store first, then the words that say so."""

from collections.abc import Callable
from typing import Any

from sealine_protocol import cose, log
from sealine_protocol.clock import now_ms
from sealine_protocol.codec import decode, encode
from sealine_protocol.errors import ProtocolError
from sealine_protocol.hashes import blake2b256

from sealine_gateway.chunks import ChunkStore
from sealine_gateway.errors import ConflictError, RefusedError, StorageError
from sealine_gateway.metrics import Metrics
from sealine_gateway.one_thread import OneThread
from sealine_gateway.outbox import HELD, Entry, Outbox

Message = dict[str, Any]


class Intake:
    """Takes `bulk-up` messages."""

    def __init__(
        self,
        store: Outbox,
        chunks: OneThread[ChunkStore],
        metrics: Metrics,
        on_chunk: Callable[[], None],
    ) -> None:
        """`on_chunk` is called behind each new chunk."""
        self._outbox = store
        self._chunks = chunks
        self._metrics = metrics
        self._on_chunk = on_chunk

    async def take(self, terminal: bytes, chain: list[bytes], message: Message) -> list[Message]:
        """Make it durable and return the `from-gateway` messages that answer it. Raises RefusedError."""
        kind: str = message["type"]
        try:
            if kind == "chunk":
                replies = await self._take_chunk(terminal, message)
            else:
                replies = await self._take_signed(terminal, chain, message)
        except ConflictError as error:
            raise RefusedError("unexpected", str(error)) from error
        except StorageError as error:
            self._metrics.storage_errors.inc()
            log.warning("not saved", kind=kind, terminal=log.short(terminal), error=error)
            raise RefusedError("storage", kind) from error
        self._metrics.saved.labels(kind).inc()
        return replies

    async def _take_signed(self, terminal: bytes, chain: list[bytes], message: Message) -> list[Message]:
        """A record or tally. Whether it is right is central's to say; here it is only never lost."""
        signed = message[message["type"]]
        digest = blake2b256(signed)
        saved = {"type": "saved", "hash": digest}
        upload = encode("upload", {**message, "credentials": chain})
        known = await self._outbox.run(lambda store: store.known(digest))
        if known is not None:
            if known.state == HELD and known.terminal == terminal and known.upload_hash != blake2b256(upload):
                await self._outbox.run(lambda store: store.wrap_again(digest, upload))
                self._outbox.added.set()
            if known.answer is None or known.terminal != terminal:
                return [saved]
            return [saved, {"type": "deliver", "answer": decode("answer", known.answer)}]
        entry = Entry(
            hash=digest,
            terminal=terminal,
            seq=_seq(signed),
            object=signed,
            upload=upload,
            added_ms=now_ms(),
        )
        await self._outbox.run(lambda store: store.make_room(terminal, entry.size, entry.added_ms))
        await self._outbox.add(entry)
        return [saved]

    async def _take_chunk(self, terminal: bytes, message: Message) -> list[Message]:
        record, index, data = message["record"], message["index"], message["data"]
        await self._chunks.run(lambda store: store.put(terminal, record, index, data))
        self._on_chunk()
        return [{"type": "saved-chunk", "record": record, "index": index}]


def _seq(signed: bytes) -> int | None:
    """The sequence number of a record, if it is one that can be read."""
    try:
        parsed = cose.parse(signed)
        return int(decode("record", parsed.payload)["seq"]) if parsed.content == "record" else None
    except ProtocolError:
        return None
