"""The flavor: what can be configured, and what a step can ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, NonNegativeInt, PositiveInt
from zenml.constants import KUBERNETES_CLUSTER_RESOURCE_TYPE
from zenml.integrations.kubernetes.flavors.kubernetes_step_operator_flavor import KubernetesStepOperatorSettings
from zenml.models import ServiceConnectorRequirements
from zenml.step_operators import BaseStepOperatorConfig, BaseStepOperatorFlavor

if TYPE_CHECKING:
    from .step_operator import StepopStepOperator

FLAVOR = "stepop"


class StepopStepOperatorSettings(KubernetesStepOperatorSettings):
    """ZenML's own settings, and stepop's. What is not set is as the plugin has it (plugin/request/SETTINGS.md)."""

    workload: Literal["auto", "pod", "job"] | None = Field(
        default=None, description="What runs the step: a pod of its own, or a Job. `auto`: a pod, where that will do."
    )
    queue: str | None = Field(default=None, description="The Kueue LocalQueue that the step's Job waits in.")
    cleanup: Literal["on_success", "never", "always"] | None = Field(
        default=None, description="What is deleted from the cluster once the step's end is known to ZenML."
    )
    scheduling_timeout_seconds: NonNegativeInt | None = Field(
        default=None, description="How long a step may wait for a node. 0: as long as it takes."
    )
    startup_timeout_seconds: PositiveInt | None = Field(
        default=None, description="How long a step may take from having a node to running its code."
    )
    max_startup_retries: NonNegativeInt | None = Field(
        default=None, description="How often a pod is replaced that certainly did not run the step's code."
    )
    max_disruption_restarts: NonNegativeInt | None = Field(
        default=None, description="How often a step may run again after its running pod was evicted or preempted."
    )
    waiting_reason_grace_seconds: NonNegativeInt | None = Field(
        default=None, description="How long a reason of fail_on_container_waiting_reasons must last to fail the step."
    )
    refusal_grace_seconds: NonNegativeInt | None = Field(
        default=None, description="How long a refused permission must stay refused before it fails a step."
    )
    lost_after_seconds: NonNegativeInt | None = Field(
        default=None, description="How long to wait for a node that nobody hears of."
    )
    on_node_lost: Literal["wait", "replace"] | None = Field(
        default=None, description="`replace` runs the step again, although the first may still be running."
    )


class StepopStepOperatorConfig(BaseStepOperatorConfig, StepopStepOperatorSettings):
    """Which cluster, and the settings of all steps."""

    kubernetes_namespace: str = Field(default="zenml", description="The namespace that steps run in.")
    incluster: bool = Field(default=False, description="Use the access that the pod we run in has to its cluster.")
    kubernetes_context: str | None = Field(
        default=None, description="The kubeconfig's context. Not used with a service connector, or incluster."
    )
    kubeconfig: str | None = Field(
        default=None, description="The kubeconfig: one path, or several with `:` between them. Default: $KUBECONFIG."
    )
    plugin_directory: str | None = Field(
        default=None, description="Where the plugin is, if it is to be another than the one in the wheel."
    )

    @property
    def is_remote(self) -> bool:
        """Steps run elsewhere, and need a server that they can reach."""
        return True

    @property
    def is_local(self) -> bool:
        """As ZenML's own Kubernetes step operator."""
        return False


class StepopStepOperatorFlavor(BaseStepOperatorFlavor):
    """What `zenml step-operator flavor register` takes."""

    @property
    def name(self) -> str:
        """The flavor's name."""
        return FLAVOR

    @property
    def service_connector_requirements(self) -> ServiceConnectorRequirements:
        """Any connector that gives access to a Kubernetes cluster."""
        return ServiceConnectorRequirements(resource_type=KUBERNETES_CLUSTER_RESOURCE_TYPE)

    @property
    def config_class(self) -> type[StepopStepOperatorConfig]:
        """What can be configured."""
        return StepopStepOperatorConfig

    @property
    def implementation_class(self) -> type[StepopStepOperator]:
        """What runs steps."""
        from .step_operator import StepopStepOperator

        return StepopStepOperator
