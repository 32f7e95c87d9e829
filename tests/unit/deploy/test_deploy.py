"""What is shipped for operators says what the program understands: nothing here is run, all of it is read."""

import json
import re
import shutil
import subprocess
from configparser import RawConfigParser
from pathlib import Path

import pytest
import typer
import yaml
from fastapi.testclient import TestClient

from api.cli.main import app as commands
from api.http.app import create_app
from api.settings import Settings

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
COMMANDS = set(typer.main.get_command(commands).commands)
VARIABLES = {f"EVENFLOW_{name.upper()}" for name in Settings.model_fields} | {"EVENFLOW_DATABASE_PASSWORD"}


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    """The names of all series that a server tells Prometheus."""
    with TestClient(create_app(Settings(home=tmp_path_factory.mktemp("home"), workers=1))) as client:
        client.get("/healthz")
        client.app.state.house.database.make_ready()
        (Path(client.app.state.house.settings.home) / "current").write_text("x")
        text = client.get("/metrics").text
    return set(re.findall(r"^(\w+)[{ ]", text, re.MULTILINE))


def test_the_dashboard_names_series_that_exist(series):
    """Every series in every panel, and every panel asks for one."""
    board = json.loads((DEPLOY / "grafana" / "evenflow.json").read_text())
    for panel in board["panels"]:
        named = {name for target in panel["targets"] for name in re.findall(r"\bevenflow_\w+", target["expr"])}
        assert named, panel["title"]
        assert named <= series, panel["title"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_the_dashboard_shows_every_series(series):
    """A figure nobody looks at need not be counted."""
    shown = (DEPLOY / "grafana" / "evenflow.json").read_text()
    ours = {
        name for name in series if name.startswith("evenflow_") and not name.endswith(("_created", "_sum", "_count"))
    }
    unseen = {name for name in ours if name not in shown}
    assert unseen <= {"evenflow_process_virtual_memory_bytes", "evenflow_process_start_time_seconds"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_units_are_what_systemd_understands(unit, tmp_path):
    """`systemd-analyze verify`, with a program that is on this machine in the place of ours."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze on this machine")
    place = tmp_path / unit.name.replace("@", "@1")
    place.write_text(unit.read_text().replace("/opt/evenflow/bin/evenflow", shutil.which("true")))
    timed = tmp_path / "evenflow-backup.service"
    if unit.suffix == ".timer":
        timed.write_text((unit.parent / timed.name).read_text().replace("/opt/evenflow/bin/evenflow", "/bin/true"))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(place)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", [path for path in UNITS if path.suffix == ".service"], ids=lambda path: path.name)
def test_units_run_commands_and_set_variables_that_exist(unit):
    """And they wait longer for the end than the program takes."""
    parser = RawConfigParser(strict=False)
    parser.optionxform = str
    parser.read(unit)
    service = parser["Service"]
    command = re.search(r"/evenflow (\w+)", service["ExecStart"])[1]
    assert command in COMMANDS
    assert set(re.findall(r"(\w+)=", service["Environment"])) <= VARIABLES
    if service["Type"] != "oneshot":
        assert int(service["TimeoutStopSec"]) > Settings.model_fields["shutdown_seconds"].default


def test_compose_starts_what_exists_in_an_order_that_can_be():
    """Services, commands, variables, volumes; the form of the database comes before whoever needs it."""
    told = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    services = told["services"]
    for name, service in services.items():
        assert set(service.get("depends_on", {})) <= set(services) - {name}
        assert {name for name in service.get("environment", {}) if name.startswith("EVENFLOW_")} <= VARIABLES
        assert {mount.split(":")[0] for mount in service["volumes"] if not mount.startswith(".")} <= set(
            told["volumes"]
        )
        if service.get("image") == "evenflow":
            assert service.get("command", ["serve"])[0] in COMMANDS
            assert int(service["stop_grace_period"].rstrip("s")) > Settings.model_fields["shutdown_seconds"].default
    assert services["server"]["depends_on"] == {"upgrade": {"condition": "service_completed_successfully"}}
    for mount in services["database"]["volumes"]:
        if mount.startswith("."):
            assert (DEPLOY / mount.split(":")[0]).is_file()


def test_the_image_is_built_of_what_is_there():
    """Known instructions only; what is copied exists, it ends by SIGTERM and not as root."""
    text = re.sub(r"\\\n", " ", (DEPLOY / "Dockerfile").read_text())
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#")]
    known = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK",
             "ENTRYPOINT", "CMD"}  # fmt: skip
    lines = [(word, rest) for word, rest in lines if word in known or pytest.fail(word) is None]
    told = dict(lines)  # the last of each counts
    assert (told["USER"], told["STOPSIGNAL"]) == ("evenflow", "SIGTERM")
    assert set(re.findall(r"(EVENFLOW_\w+)=", told["ENV"])) <= VARIABLES
    assert json.loads(told["ENTRYPOINT"]) == ["evenflow"]
    assert json.loads(told["CMD"])[0] in COMMANDS
    for word, rest in lines:
        if word == "COPY" and "--from" not in rest:
            assert all((DEPLOY.parent / name).exists() for name in rest.split()[:-1])
