"""The tenant over real sockets: what is asked, and what is made of the answers."""

from __future__ import annotations

import asyncio
from typing import Any

from migrate.model.replies import WriteFate, WriteRequest
from migrate.model.users import MfaState


def test_states_are_read_in_batches_of_20_and_come_back_in_the_order_asked(opened: Any, ids: Any, reply: Any) -> None:
    def answering(seen: Any) -> Any:
        responses = [
            {"id": item["id"], "status": 200, "body": {"perUserMfaState": "enforced"}} for item in seen.items
        ]
        return reply(200, {"responses": responses[::-1]})

    async def run() -> None:
        async with opened(answering) as o:
            readings = await o.tenant.read_mfa_states(ids(45))
            assert [r.user_id for r in readings] == ids(45)
            assert not {r.problem for r in readings} - {None}
            assert {r.mfa_state for r in readings} == {MfaState.ENFORCED}
            assert sorted(len(seen.items) for seen in o.graph.seen) == [5, 20, 20]
            assert {seen.path for seen in o.graph.seen} == {"/beta/$batch"}

    asyncio.run(run())


def test_writes_go_out_once(opened: Any, ids: Any, reply: Any) -> None:
    def answering(seen: Any) -> Any:
        return reply(200, {"responses": [{"id": item["id"], "status": 204} for item in seen.items]})

    async def run() -> None:
        async with opened(answering) as o:
            requests = [WriteRequest(user_id=i, mfa_state=MfaState.DISABLED, client_request_id="c") for i in ids(20)]
            replies = await o.tenant.write_mfa_states(requests)
            assert [r.fate for r in replies] == [WriteFate.ACCEPTED] * 20
            assert len(o.graph.seen) == 1

    asyncio.run(run())
