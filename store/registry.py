"""The model registry: training runs and versions in mlflow, the only module that knows it.

By default one SQLite file and a folder of artefacts under ``HOME/registry``; a team may share a server instead. What
serves is decided by `store.models` alone: aliases here follow it, so that mlflow's pages tell the same.
"""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from contracts.errors import NotReadyError, UnknownIdError, unwritten

__all__ = ["Registry", "Run", "installed", "require_installed"]

_FOLDER = "model"
_TAG_MODEL = "evenflow.model"
_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """A training run to be logged.

    Parameters
    ----------
    params
        How the model was trained, by name.
    metrics
        Figures by name, one per origin (0 = the latest).
    tags
        Hash of the data, version of the code, seed.
    inputs, outputs
        The signature: columns with their kinds.
    files
        The model's files by name.
    """

    params: Mapping[str, Any]
    metrics: Mapping[str, Sequence[float]]
    tags: Mapping[str, str]
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    files: Mapping[str, bytes] = field(default_factory=dict)


def installed() -> bool:
    """Return whether mlflow is there."""
    return find_spec("mlflow") is not None


def require_installed() -> None:
    """Raise NotReadyError, naming what to install, if mlflow is not there."""
    if not installed():
        raise NotReadyError("the model registry needs mlflow: `pip install 'evenflow[train]'`")


class Registry:
    """Runs and versions.

    Parameters
    ----------
    uri
        mlflow's tracking and registry URI; None = a SQLite file in `folder`.
    folder
        Where the file and the artefacts lie.

    Raises
    ------
    NotReadyError
        If mlflow is not installed; names what to install.
    """

    def __init__(self, folder: Path, *, uri: str | None = None) -> None:
        require_installed()
        self._folder, self._local = folder.resolve(), uri is None
        self.uri = uri or f"sqlite:///{self._folder / 'mlflow.db'}"
        if self._local:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise unwritten(folder, error, "a folder that can be made") from None
        with self._told():
            from mlflow import MlflowClient

            self._client = MlflowClient(tracking_uri=self.uri, registry_uri=self.uri)

    def log(self, name: str, run: Run) -> str:
        """Log a run with its model, register the model and return the version's number."""
        with self._told():
            logged = self._client.create_run(self._experiment(name), tags={_TAG_MODEL: name, **run.tags})
            run_id = logged.info.run_id
            try:
                self._fill(run_id, run)
                version = self._register(name, run_id, logged.info.artifact_uri)
            except BaseException:
                self._client.set_terminated(run_id, status="FAILED")
                raise
            self._client.set_terminated(run_id)
            return version

    def fetch(self, name: str, version: str) -> dict[str, bytes]:
        """Return the files of a version.

        Raises
        ------
        UnknownIdError
            If the registry has no such version.
        """
        with self._told(), tempfile.TemporaryDirectory() as folder:
            run_id = self._run_of(name, version)
            place = Path(self._client.download_artifacts(run_id, _FOLDER, folder))
            return {path.name: path.read_bytes() for path in sorted(place.iterdir()) if path.name != "MLmodel"}

    def runs(self, name: str) -> list[dict[str, Any]]:
        """Return the versions with their run's parameters, metrics and tags, the newest first."""
        with self._told():
            out = []
            for version in self._client.search_model_versions(f"name = '{name}'"):
                run = self._client.get_run(str(version.run_id))
                out.append(
                    {
                        "version": str(version.version),
                        "run_id": version.run_id,
                        "params": dict(run.data.params),
                        "metrics": dict(run.data.metrics),
                        "tags": {key: text for key, text in run.data.tags.items() if not key.startswith("mlflow.")},
                    }
                )
            return sorted(out, key=lambda row: -int(row["version"]))

    def alias(self, name: str, alias: str) -> str | None:
        """Return which version bears an alias."""
        with self._told():
            for version in self._client.search_registered_models(f"name = '{name}'"):
                found = version.aliases.get(alias)
                return None if found is None else str(found)
            return None

    def mirror(self, name: str, aliases: Mapping[str, str | None]) -> None:
        """Make aliases say what is the case; a version that the registry does not have is passed over."""
        with self._told():
            from mlflow.exceptions import MlflowException

            for alias, version in aliases.items():
                try:
                    if version is None:
                        self._client.delete_registered_model_alias(name, alias)
                    else:
                        self._client.set_registered_model_alias(name, alias, version)
                except MlflowException as error:
                    if error.error_code not in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                        raise

    def _experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(f"evenflow/{name}")
        if found is not None:
            return str(found.experiment_id)
        place = (self._folder / "artifacts" / name).as_uri() if self._local else None
        return str(self._client.create_experiment(f"evenflow/{name}", artifact_location=place))

    def _fill(self, run_id: str, run: Run) -> None:
        from mlflow.entities import Metric, Param

        params = [Param(key, str(value)[:6000]) for key, value in run.params.items()]
        metrics = [
            Metric(key, float(value), 0, step)
            for key, values in run.metrics.items()
            for step, value in enumerate(values)
        ]
        self._client.log_batch(run_id, metrics=metrics, params=params)
        with tempfile.TemporaryDirectory() as folder:
            for name, data in run.files.items():
                Path(folder, name).write_bytes(data)
            _described(run, run_id).save(str(Path(folder, "MLmodel")))
            self._client.log_artifacts(run_id, folder, _FOLDER)

    def _register(self, name: str, run_id: str, artifacts: str) -> str:
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        return str(self._client.create_model_version(name, f"{artifacts}/{_FOLDER}", run_id).version)

    def _run_of(self, name: str, version: str) -> str:
        from mlflow.exceptions import MlflowException

        try:
            return str(self._client.get_model_version(name, version).run_id)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                raise UnknownIdError("version", version, where=f"model {name}") from None
            raise

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Keep mlflow's warnings, migrations, bars and usage reports to itself, and its failures to one line."""
        for name, value in _DEFAULTS.items():
            os.environ.setdefault(name, value)  # read by mlflow's first import
        for name in ("mlflow", "alembic"):
            logging.getLogger(name).setLevel(logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                yield
            except Exception as error:
                theirs = type(error).__module__.split(".")[0] in ("mlflow", "sqlalchemy", "requests")
                if not theirs and not isinstance(error, OSError):
                    raise
                raise NotReadyError(f"model registry {self.uri}: {' '.join(str(error).split())[:300]}") from error


def _described(run: Run, run_id: str) -> Any:
    """Return mlflow's description of the model: its signature and its own flavour."""
    from mlflow.models import Model, ModelSignature
    from mlflow.types import ColSpec, Schema

    def schema(columns: Mapping[str, str]) -> Any:
        return Schema([ColSpec(kind, name) for name, kind in columns.items()])

    signature = ModelSignature(inputs=schema(run.inputs), outputs=schema(run.outputs))
    return Model(artifact_path=_FOLDER, run_id=run_id, signature=signature).add_flavor("evenflow", **dict(run.tags))
