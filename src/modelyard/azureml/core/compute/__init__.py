"""Azure: ``azureml.core.compute``."""

from modelyard.azureml._later import COMPUTE, later
from modelyard.azureml.core.compute.aks import AksCompute as AksCompute
from modelyard.azureml.core.compute.amlcompute import AmlCompute as AmlCompute
from modelyard.azureml.core.compute.compute import ComputeTarget as ComputeTarget

ComputeInstance = later("ComputeInstance", COMPUTE)
RemoteCompute = later("RemoteCompute", COMPUTE)
DatabricksCompute = later("DatabricksCompute", COMPUTE)
KubernetesCompute = later("KubernetesCompute", COMPUTE)
HDInsightCompute = later("HDInsightCompute", COMPUTE)
DataFactoryCompute = later("DataFactoryCompute", COMPUTE)
BatchCompute = later("BatchCompute", COMPUTE)
