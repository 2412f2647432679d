"""What may lie on disk in clear, and what may not be loaded into serving processes."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

from features.registry.control_plane import leaf_environment

IN_CLEAR_ALLOWED = ("keys.db", "features")
"""The key table and the folder of Feast's online store."""

SECRETS = (
    "Zacharias-Secret",
    "user-secret-4711",
    "session-secret-0815",
    "intent-secret-42",
    "event-secret-7",
    "u-region",
)
PROFILE = {
    "user_id": "user-secret-4711",
    "first_name": "Zacharias-Secret",
    "language": "en",
    "region": "u-region",
    "tier": "gold",
    "tone": "casual",
}
WRITE_PROFILE = """
import json, sys
from datetime import datetime, timezone
import pandas as pd
from feast import FeatureStore
store = FeatureStore("feature_repo")
row = json.loads(sys.argv[1])
declared = store.get_feature_view("user_profile").features
row |= {f.name: {"String": "", "Int64": 0}.get(str(f.dtype), 0.0) for f in declared if f.name not in row}
row["event_timestamp"] = datetime.now(timezone.utc)
store.write_to_online_store("user_profile", df=pd.DataFrame([row]))
"""


def test_nothing_personal_is_in_clear_outside_the_online_store_and_the_key_table(own_deployment, feast_home: Path):
    command = [sys.executable, "-c", WRITE_PROFILE, json.dumps(PROFILE)]
    subprocess.run(command, check=True, env=leaf_environment(feast_home), capture_output=True)
    session = "session-secret-0815"
    asked = {
        "user_id": "user-secret-4711",
        "session_id": session,
        "consent": True,
        "context": {"intent": "intent-secret-42"},
    }
    texts = []
    for _ in range(30):
        answer = own_deployment.ask("greeting", **asked)
        texts.append(answer["action"]["content"]["text"])
        own_deployment.tell(answer["decision_id"], "continued", 1.0)
    event = {"event": "event-secret-7", "properties": {"category": "event-secret-7"}}
    own_deployment.client.post(
        f"/v1/sessions/{session}/events", json={"user_id": asked["user_id"], "consent": True, "events": [event]}
    )
    own_deployment.wait_for(lambda: own_deployment.explain(answer["decision_id"])["settlement"], 10.0)
    assert any("Zacharias-Secret" in text for text in texts), "the first name must have been used"
    own_deployment.stop()
    files = [path for path in own_deployment.home.rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        if not path.relative_to(own_deployment.home).parts[0].startswith(IN_CLEAR_ALLOWED):
            content = path.read_bytes()
            assert not [secret for secret in SECRETS if secret.encode() in content], path.name


def test_serving_and_learning_never_import_feast(deployment):
    """Feast cannot be imported without pandas' shared objects being mapped: only Feast's own process may have them."""
    with_pandas = [pid for pid in deployment.pids() if "/pandas/" in Path(f"/proc/{pid}/maps").read_text()]
    feast_server = [pid for pid in deployment.pids() if _runs(pid, "features.sdk.server")]
    assert with_pandas == feast_server
    assert bool(feast_server) == (deployment.environment["MAITRED_FEATURES_READER"] == "sdk")


def _runs(pid: int, module: str) -> bool:
    return module.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_feast_is_not_among_the_modules_of_api_and_learner(own_deployment):
    program = textwrap.dedent(
        """
        import asyncio, sys
        from api.app import create_app, running
        from api.settings import Settings
        from api.wiring import build_learner, build_service
        from engine.types import DecisionRequest

        async def main():
            settings = Settings()
            create_app(settings, build_service)
            service = build_service(settings)
            async with running(service):
                await service.decider.decide(DecisionRequest("greeting", "s"))
            learner = build_learner(settings)
            while learner.tenure.take() != learner.tenure.holder:
                await asyncio.sleep(0.1)
            learner.restore()
            learner.step()

        asyncio.run(main())
        loaded = [name for name in sys.modules if name.partition(".")[0] == "feast"]
        assert "feast" not in sys.modules and not loaded, loaded
        """
    )
    own_deployment.stop()
    done = subprocess.run(
        [sys.executable, "-c", program], env=own_deployment.environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
