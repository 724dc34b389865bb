"""The step operator: ZenML's calls, carried out by the plugin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from zenml.client import Client
from zenml.config.build_configuration import BuildConfiguration
from zenml.constants import LINUX_GID_CLAIM_KEY, LINUX_UID_CLAIM_KEY
from zenml.enums import ExecutionStatus, StackComponentType
from zenml.integrations.kubernetes import kube_utils
from zenml.integrations.kubernetes.constants import (
    STEP_NAME_ANNOTATION_KEY,
    STEP_OPERATOR_ANNOTATION_KEY,
    WORKSPACE_USER_ID_ANNOTATION_KEY,
)
from zenml.logger import get_logger
from zenml.models import StepRunUpdate
from zenml.stack import Stack, StackValidator
from zenml.step_operators import BaseStepOperator

import stepop

from . import access, request, telling
from .flavor import StepopStepOperatorConfig, StepopStepOperatorSettings
from .sessions import Access, Session, session

if TYPE_CHECKING:
    from zenml.config.base_settings import BaseSettings
    from zenml.config.step_run_info import StepRunInfo
    from zenml.models import PipelineSnapshotBase, ResourceRequestResponse, StepRunResponse

logger = get_logger(__name__)

# ZenML finds the step's image under this key.
DOCKER_IMAGE_KEY = "stepop_step_operator"
# ZenML's variable that keeps an entry point from warning of what a container never has.
QUIET = ("ZENML_ENABLE_REPO_INIT_WARNINGS", "False")

_STATUS = {
    stepop.State.NONE: ExecutionStatus.QUEUED,
    stepop.State.ACCEPTED: ExecutionStatus.QUEUED,
    stepop.State.PENDING: ExecutionStatus.PROVISIONING,
    stepop.State.RUNNING: ExecutionStatus.RUNNING,
    stepop.State.SUCCEEDED: ExecutionStatus.COMPLETED,
    stepop.State.FAILED: ExecutionStatus.FAILED,
    stepop.State.CANCELLED: ExecutionStatus.CANCELLED,
    stepop.State.LOST: ExecutionStatus.FAILED,
}


class StepopStepOperator(BaseStepOperator):
    """Runs steps in Kubernetes pods, through libstepop_kubernetes.so."""

    @property
    def config(self) -> StepopStepOperatorConfig:
        """Which cluster, and the settings of all steps."""
        return cast(StepopStepOperatorConfig, self._config)

    @property
    def settings_class(self) -> type[BaseSettings]:
        """What a step can ask."""
        return StepopStepOperatorSettings

    @property
    def supports_resource_pool_allocation(self) -> bool:
        """As ZenML's own Kubernetes step operator."""
        return True

    @property
    def validator(self) -> StackValidator:
        """Pods must reach the artifact store and the container registry."""

        def all_remote(stack: Stack) -> tuple[bool, str]:
            for component, use in ((stack.artifact_store, "write files to"), (stack.container_registry, "pull from")):
                if component is not None and component.config.is_local:
                    return False, (
                        f"The step operator `{self.name}` runs steps in pods, which must {use} `{component.name}`, "
                        f"and that {component.type.value.replace('_', ' ')} is local. Use a remote one in this stack."
                    )
            return True, ""

        return StackValidator(
            required_components={StackComponentType.CONTAINER_REGISTRY, StackComponentType.IMAGE_BUILDER},
            custom_validation_function=all_remote,
        )

    def get_docker_builds(self, snapshot: PipelineSnapshotBase) -> list[BuildConfiguration]:
        """An image for each step that runs here."""
        return [
            BuildConfiguration(key=DOCKER_IMAGE_KEY, settings=step.config.docker_settings, step_name=name)
            for name, step in snapshot.step_configurations.items()
            if step.config.uses_step_operator(self.name)
        ]

    def submit_with_allocation(
        self,
        info: StepRunInfo,
        entrypoint_command: list[str],
        environment: dict[str, str],
        allocated_resource_request: ResourceRequestResponse | None,
    ) -> None:
        """Submits a step run, and returns at once. Raises InvalidInput with each mistake and its path."""
        settings = kube_utils.apply_resource_request_component_settings(
            settings=cast(StepopStepOperatorSettings, self.get_settings(info)),
            allocated_resource_request=allocated_resource_request,
            settings_class=StepopStepOperatorSettings,
        )
        if settings.pod_count > 1 and info.config.command is None:
            raise RuntimeError(
                f"The step `{info.pipeline_step_name}` asks for pod_count={settings.pod_count} and is no command step: "
                "each pod would write its artifacts, outputs and logs again."
            )
        user = Client().active_user
        asked = request.asked(settings)
        asked["kubernetes_namespace"] = self.config.kubernetes_namespace
        asked["pod_settings"] = self._pod_settings(settings, info, user, allocated_resource_request)
        self._session().submit(
            request.request(
                step_run_id=str(info.step_run_id),
                step_name=info.pipeline_step_name,
                pipeline=info.pipeline.name,
                run_id=str(info.run_id),
                run_name=info.run_name,
                project_id=str(info.snapshot.project_id),
                image=info.get_image(key=DOCKER_IMAGE_KEY),
                entrypoint=entrypoint_command,
                environment={QUIET[0]: QUIET[1], **environment},
                settings=asked,
            )
        )

    def _pod_settings(
        self,
        settings: StepopStepOperatorSettings,
        info: StepRunInfo,
        user: Any,
        allocated: ResourceRequestResponse | None,
    ) -> dict[str, Any]:
        merged = kube_utils.apply_resource_request_allocations_to_pod_settings(
            allocated_resource_request=allocated, pod_settings=settings.pod_settings
        )
        pod = request.asked(merged)
        if allocated is None:
            pod = request.with_resource_settings(pod, info.config.resource_settings)
        pod["annotations"] = {
            **pod.get("annotations", {}),
            STEP_NAME_ANNOTATION_KEY: info.pipeline_step_name,
            STEP_OPERATOR_ANNOTATION_KEY: str(self.id),
            WORKSPACE_USER_ID_ANNOTATION_KEY: str(user.id),
        }
        run_as = request.run_as(user.oidc_claims or {}, LINUX_UID_CLAIM_KEY, LINUX_GID_CLAIM_KEY)
        return request.with_run_as(pod, run_as) if run_as else pod

    def get_status(self, step_run: StepRunResponse) -> ExecutionStatus:
        """A step's status, from memory where this process has submitted it or looked for it before."""
        try:
            event = self._session().status(str(step_run.id), self.config.kubernetes_namespace)
        except stepop.NotFound:
            return self._status_of_what_is_gone(step_run)
        return _STATUS[event.state]

    def wait(self, step_run: StepRunResponse) -> ExecutionStatus:
        """A step's end, as soon as the cluster has it. Why it failed is written at the step, where its code has not."""
        try:
            event = self._session().wait(str(step_run.id), self.config.kubernetes_namespace)
        except stepop.NotFound:
            return self._status_of_what_is_gone(step_run)
        if event.state is not stepop.State.SUCCEEDED:
            self._tell_why(step_run, event)
        return _STATUS[event.state]

    def cancel(self, step_run: StepRunResponse) -> None:
        """Stops a step, whichever process submitted it."""
        try:
            self._session().cancel(str(step_run.id), self.config.kubernetes_namespace)
        except stepop.NotFound:
            logger.warning("The cluster has no step run `%s`: there is nothing to stop.", step_run.id)

    def cleanup_step_submission(self, step_run: StepRunResponse) -> None:
        """ZenML knows how the step ended: what ran it may be removed, as `cleanup` says."""
        try:
            self._session().forget(str(step_run.id))
        except stepop.InvalidInput as error:
            # It has not ended, for whoever waited for it was interrupted: it stays.
            logger.debug("Step run `%s` is not cleaned up: %s", step_run.id, error)

    def _session(self) -> Session:
        key = {"id": str(self.id), "connector": str(self.connector or ""), "config": self.config.model_dump()}
        return session(key, self._open, telling.event)

    def _open(self) -> tuple[stepop.Operator, Access]:
        """An operator with the access that the connector gives now, or that the configuration says."""
        with self._access() as found:
            directory = self.config.plugin_directory
            directories = [directory] if directory else []
            return stepop.open("kubernetes", found.config, plugin_directories=directories), found

    @contextmanager
    def _access(self) -> Iterator[Access]:
        config = request.config(str(self.id), self.config)
        connector = None if self.config.incluster else self.get_connector()
        if connector is None:
            yield Access(config)
            return
        config.pop("kubernetes_context", None)
        with access.in_memory(access.kubeconfig_of(connector.connect())) as kubeconfig:
            yield Access({**config, "kubeconfig": kubeconfig}, connector.expires_at)

    @staticmethod
    def _status_of_what_is_gone(step_run: StepRunResponse) -> ExecutionStatus:
        """Nothing is left of it in the cluster: what ZenML knows, or that it failed."""
        known = Client().get_run_step(step_run.id, hydrate=False).status
        if known.is_finished:
            return known
        logger.warning("The cluster has no step run `%s`: it was never started, or its pod was removed.", step_run.id)
        return ExecutionStatus.FAILED

    @staticmethod
    def _tell_why(step_run: StepRunResponse, event: stepop.Event) -> None:
        known = Client().get_run_step(step_run.id)
        info = telling.failure(event, step_run.name)
        logger.error("%s", info.traceback)
        if known.exception_info is None and not known.status.is_finished:
            Client().zen_store.update_run_step(step_run.id, StepRunUpdate(exception_info=info))
