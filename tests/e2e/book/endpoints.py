# B21 to B27; small models stand in for the Hugging Face ones, and the endpoint has another name
# than the service, as it must have on Azure too
import json

from azureml.core import Environment, Workspace
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.model import InferenceConfig, Model

ws = Workspace.from_config()


def save(name, answer):
    with open(name, "w") as f:
        json.dump({"good": ["good", "great"], "answer": answer}, f)
    return Model.register(ws, model_name=name, model_path=name)


model = save("sentiment-model", "POSITIVE")
test_model = save("sentiment-test-model", "VERY POSITIVE")
env = Environment(name="sentiment-analysis")
env.python.conda_dependencies = CondaDependencies.create(pip_packages=['azureml-defaults'])
inference_config = InferenceConfig(
    environment=env,
    source_directory="code",
    entry_script="versioned_file.py",
)
service_name = "sentiment-service"

from azureml.core.compute import AksCompute, \
  ComputeTarget
# Configure AKS cluster with NVIDIA Tesla P40 GPU
prov_config = AksCompute.provisioning_configuration(
  vm_size="Standard_ND6s")
aks_name = 'aks-ml-prod'
# Create the cluster
aks_target = ComputeTarget.create(ws,
  name=aks_name,
  provisioning_configuration=prov_config)
# Wait for the create process to complete
aks_target.wait_for_completion(show_output=True)

resource_group = 'my-rg'
cluster_name = 'aks-ml-prod'
attach_config = AksCompute.attach_configuration(
  resource_group = resource_group,
  cluster_name=cluster_name)
aks_target = ComputeTarget.attach(ws,
  cluster_name,
  attach_config)

from azureml.core.webservice import AksWebservice
deploy_config = AksWebservice.deploy_configuration(
  cpu_cores=1,
  memory_gb=1,
  gpu_cores=1)
service = Model.deploy(ws,
  service_name,
  [model],
  inference_config,
  deploy_config,
  aks_target)
service.wait_for_deployment(show_output=True)
print(service.state)
print(service.get_logs())

from azureml.core.webservice import AksEndpoint
endpoint_config = AksEndpoint.deploy_configuration(
  version_name="version-1",
  tags={'modelVersion':'1'},
  namespace="nlp",
  traffic_percentile=100)

endpoint_name = "sentiment-analysis"
endpoint = Model.deploy(ws,
  endpoint_name,
  [model],
  inference_config,
  endpoint_config,
  aks_target)
endpoint.wait_for_deployment(show_output=True)
print(endpoint.state)

endpoint.update_version(
  version_name="version-1",
  traffic_percentile=50,
  is_default=True,
  is_control_version_type=True)

endpoint.create_version(
  version_name="version-2",
  inference_config=inference_config,
  models=[test_model],
  tags={'modelVersion':'2'},
  description="my second version",
  traffic_percentile=50)

endpoint.wait_for_deployment(show_output=True)
print(endpoint.state)
for name, version in endpoint.versions.items():
    print(name, version.state, version.traffic_percentile, version.is_default,
          version.version_type, version.tags, version.description)
