"""What the gateway adds to LiteLLM: it trusts the edge's word on who is calling, and reports what each call cost.

Mounted beside the LiteLLM config, which names `authenticate`, `policy` and `usage_reporter`.
The edge (nginx) asks the API about every request and sends two headers that clients cannot set:
`Authorization: Bearer <gateway key>` and `X-Platform-Identity`, base64url of the JSON that
services/core/src/gateway/gateway-identity.ts writes. The API sends the same when an agent calls a model. LiteLLM keeps no users, keys or budgets of its own.
"""

import asyncio
import base64
import hmac
import json
import os
from pathlib import Path

import httpx
from fastapi import HTTPException, Request
from litellm.integrations.custom_batch_logger import CustomBatchLogger
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy._types import LitellmUserRoles, UserAPIKeyAuth

# Fields of a call that a client may set. Everything else (api_base, fallbacks, mock_response, metadata, cache, ...)
# would steer the gateway itself, so it is refused by name rather than dropped in silence.
CLIENT_FIELDS = frozenset(
    "model messages prompt input stream stream_options temperature top_p top_k min_p n stop max_tokens "
    "max_completion_tokens presence_penalty frequency_penalty repetition_penalty logit_bias logprobs top_logprobs "
    "seed tools tool_choice parallel_tool_calls response_format reasoning_effort encoding_format dimensions user "
    "query documents top_n return_documents modalities suffix echo".split()
)


def _secret(name: str) -> str:
    return Path(os.environ[f"{name}_FILE"]).read_text(encoding="utf-8").strip()


GATEWAY_KEY = _secret("LITELLM_MASTER_KEY")


def _identity(request: Request) -> dict:
    header = request.headers.get("x-platform-identity", "")
    try:
        return json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))
    except ValueError as error:
        raise HTTPException(401, "X-Platform-Identity is missing or not readable: calls come through the edge") from error


async def _refuse_steering_fields(request: Request) -> None:
    """Checked here because LiteLLM adds fields of its own to the body before any later hook sees it."""
    if request.method != "POST":
        return
    try:
        body = await request.json()
    except ValueError as error:
        raise HTTPException(400, "The body is not JSON") from error
    refused = sorted(set(body) - CLIENT_FIELDS) if isinstance(body, dict) else ["a body that is not an object"]
    if refused:
        raise HTTPException(400, f"The gateway does not accept: {', '.join(refused)}")


async def authenticate(request: Request, api_key: str) -> UserAPIKeyAuth:
    """LiteLLM `custom_auth`: the gateway key proves the edge, the identity header says for whom it speaks."""
    if not hmac.compare_digest(api_key.removeprefix("Bearer ").encode(), GATEWAY_KEY.encode()):
        raise HTTPException(401, "The gateway key is wrong: calls come through the edge")
    identity = _identity(request)
    await _refuse_steering_fields(request)
    return UserAPIKeyAuth(
        # One bucket per team: LiteLLM scopes its semantic cache by key and team.
        api_key=f"team:{identity['tenant']}:{identity['team']}",
        user_id=identity["subject"],
        team_id=identity["team"],
        team_alias=identity["team"],
        end_user_id=identity["team"],
        user_role=LitellmUserRoles.INTERNAL_USER,
        models=identity["models"],
        # Counted by LiteLLM in Redis across the replicas; only the gateway knows when a call ends.
        max_parallel_requests=identity.get("concurrentRequests"),
        metadata={"platform": identity},
    )


class Policy(CustomLogger):
    """Decides, before a call is routed, which model it may reach and whose cache it may use."""

    async def async_pre_call_hook(self, user_api_key_dict, cache, data, call_type):
        identity = user_api_key_dict.metadata["platform"]
        model = identity.get("role") or data.get("model")
        if model not in identity["models"]:
            raise HTTPException(
                403, f"Model `{model}` is not yours to use; allowed: {', '.join(identity['models']) or 'none'}"
            )
        tags = [f"team:{identity['team']}"] + ([] if identity["external"] else ["!external"])
        data["model"] = model
        data["user"] = identity["team"]
        data["cache"] = {
            "namespace": f"{identity['tenant']}:{identity['team']}",
            **({"no-cache": True, "no-store": True} if identity["cache"] == "off" else {}),
        }
        for field in ("metadata", "litellm_metadata"):
            if field == "metadata" or field in data:
                data.setdefault(field, {})["tags"] = tags
        return data

    async def async_filter_listed_models(self, user_api_key_dict, model_names):
        return [name for name in model_names if name in user_api_key_dict.metadata["platform"]["models"]]


class UsageReporter(CustomBatchLogger):
    """Posts one row per call to the API: identifiers, tokens and cost, never a prompt or an answer.

    A batch that the API did not take stays queued and is sent again, so a restart of the API loses nothing;
    the API keeps rows unique by id, so sending twice counts once.
    """

    preserve_events_added_during_flush = True

    def __init__(self):
        super().__init__(flush_lock=asyncio.Lock(), batch_size=100, flush_interval=1.0)
        self.endpoint = os.environ["PLATFORM_USAGE_ENDPOINT"]
        self.headers = {"authorization": f"Bearer {_secret('PLATFORM_USAGE_KEY')}"}
        self.client = httpx.AsyncClient(timeout=10)
        self.flusher = None

    def _enqueue(self, kwargs, outcome):
        payload = kwargs.get("standard_logging_object") or {}
        metadata = (kwargs.get("litellm_params") or {}).get("metadata") or {}
        identity = (metadata.get("user_api_key_metadata") or {}).get("platform")
        if not identity:
            return
        self.log_queue.append(
            {
                # LiteLLM's own id: retries and fallbacks of one call share it, and model servers may repeat theirs.
                "id": kwargs["litellm_call_id"],
                "at": payload["endTime"],
                "tenant": identity["tenant"],
                "subject": identity["subject"],
                "team": identity["team"],
                "keyId": identity.get("keyId"),
                "agent": identity.get("agent"),
                "model": payload["model_group"] or payload["model"],
                "deployment": payload.get("model_id") or None,
                "promptTokens": payload["prompt_tokens"],
                "completionTokens": payload["completion_tokens"],
                "cost": f"{payload['response_cost'] or 0:.12f}",
                "outcome": "cache_hit" if payload.get("cache_hit") else outcome,
            }
        )
        if self.flusher is None:
            self.flusher = asyncio.create_task(self.periodic_flush())

    async def async_log_success_event(self, kwargs, response_obj, start_time, end_time):
        self._enqueue(kwargs, "success")

    async def async_log_failure_event(self, kwargs, response_obj, start_time, end_time):
        self._enqueue(kwargs, "failure")

    async def async_send_batch(self):
        response = await self.client.post(self.endpoint, json={"rows": self.log_queue[:500]}, headers=self.headers)
        response.raise_for_status()


policy = Policy()
usage_reporter = UsageReporter()
