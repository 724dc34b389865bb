"""A step-operator flavor for ZenML 0.98: its steps run in Kubernetes pods, through the stepop plugin.

    zenml step-operator flavor register stepop_zenml.StepopStepOperatorFlavor
    zenml step-operator register cluster --flavor=stepop --kubernetes_context=my-cluster
    zenml stack update -s cluster

Config and settings are those of ZenML's own Kubernetes step operator, with stepop's added; a step's key is
``step_operator`` or ``step_operator.stepop``.
"""

from .flavor import StepopStepOperatorConfig, StepopStepOperatorFlavor, StepopStepOperatorSettings

__all__ = ["StepopStepOperatorConfig", "StepopStepOperatorFlavor", "StepopStepOperatorSettings"]
