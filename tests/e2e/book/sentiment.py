# B17 to B20: a folder model; a tiny one trained on the spot stands in for the Hugging Face one
import json
import os
import pickle

from azureml.core import Environment, Workspace
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.model import Model

ws = Workspace.from_config()


class Sentiment:
    def save_pretrained(self, folder):
        os.makedirs(folder)
        with open(os.path.join(folder, "config.json"), "w") as f:
            json.dump({"good": ["good", "great"]}, f)


def train(name):
    return Sentiment()


def get_env(name="my-env", packages=None):
    env = Environment(name=name)
    env.python.conda_dependencies = CondaDependencies.create(
        pip_packages=(packages or []) + ['azureml-defaults'])
    return env


clf = train(name="sentiment-analysis")
clf.save_pretrained("outputs/sentiment-analysis")
model = Model.register(ws,
                       model_name='sentiment-analysis',
                       model_path='outputs/sentiment-analysis')

from azureml.core.webservice import AciWebservice
deploy_config = AciWebservice.deploy_configuration(
    cpu_cores=1,
    memory_gb=1,
    auth_enabled=os.environ['BOOK_AUTH'] == 'on')

from azureml.core.model import InferenceConfig
env = get_env(name="sentiment-analysis", packages=[])
inference_config = InferenceConfig(
    environment=env,
    source_directory="code",
    entry_script=os.environ['BOOK_SCRIPT'],
)

service_name = "sentiment-analysis"
service = Model.deploy(ws,
                       name=service_name,
                       models=[model],
                       inference_config=inference_config,
                       deployment_config=deploy_config,
                       overwrite=True)
service.wait_for_deployment(show_output=True)
print(service.state)

import requests
import json
from azureml.core import Webservice
service = Webservice(ws, name="sentiment-analysis")
scoring_uri = service.scoring_uri
# If the service is authenticated
key, _ = service.get_keys()
# Set the appropriate headers
headers = {"Content-Type": "application/json"}
headers["Authorization"] = f"Bearer {key}"
data = {"query": "AzureML is quite good."}
resp = requests.post(scoring_uri,
                     data=json.dumps(data),
                     headers=headers)
print(resp.text)
