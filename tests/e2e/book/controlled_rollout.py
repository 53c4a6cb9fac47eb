# Azure's own example of a controlled rollout: 40 and 10, then 40 and 40, then the first goes
from azureml.core import Workspace
from azureml.core.model import InferenceConfig, Model
from azureml.core.environment import Environment
from azureml.core.compute import ComputeTarget
from azureml.core.webservice import AksEndpoint, Webservice

ws = Workspace.from_config()
model = Model(ws, "sentiment-model")
myenv = Environment.get(ws, "rollout")
inference_config = InferenceConfig(entry_script="versioned_file.py", environment=myenv,
                                   source_directory="code")
compute = ComputeTarget(ws, 'aks-ml-prod')
namespace_name = "endpointnamespace"
endpoint_name = "myendpoint"
version_name = "versiona"

endpoint_deployment_config = AksEndpoint.deploy_configuration(cpu_cores=0.1, memory_gb=0.2,
                                                              enable_app_insights=True,
                                                              tags={'sampleTag': 'sampleValue'},
                                                              description="my endpoint",
                                                              namespace=namespace_name,
                                                              version_name=version_name,
                                                              traffic_percentile=40)
endpoint = Model.deploy(ws, endpoint_name, [model], inference_config,
                        endpoint_deployment_config, compute)
endpoint.wait_for_deployment(True)

endpoint = Webservice(ws, endpoint_name)
endpoint.create_version(version_name="versionb",
                        inference_config=inference_config,
                        models=[model],
                        tags={'modelVersion': 'b'},
                        description="my second version",
                        traffic_percentile=10)
endpoint.wait_for_deployment(True)
print({name: (v.traffic_percentile, v.traffic) for name, v in endpoint.versions.items()})

endpoint.update_version(version_name=endpoint.versions["versionb"].name,
                        description="my second version update",
                        traffic_percentile=40,
                        is_default=True,
                        is_control_version_type=True)
endpoint.wait_for_deployment(True)
print({name: (v.traffic_percentile, v.traffic) for name, v in endpoint.versions.items()})

endpoint.delete_version(version_name="versiona")
endpoint.wait_for_deployment(True)
print({name: (v.traffic_percentile, v.traffic) for name, v in endpoint.versions.items()})
print(endpoint.run('{"query": "a good day"}'))
