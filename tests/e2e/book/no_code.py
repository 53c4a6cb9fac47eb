# B6 and B7 of the book's chapter 14: the version is the one that trains here, all else as printed
import os
import joblib
import sklearn
from azureml.core import Experiment, Workspace
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

ws = Workspace.create(name='nocode', subscription_id='s', resource_group='r', location='l')
run = Experiment(ws, 'mnist').start_logging()
os.makedirs('outputs', exist_ok=True)
X, y = load_digits(return_X_y=True)
joblib.dump(LogisticRegression(max_iter=200).fit(X, y), 'outputs/model.pkl')

from azureml.core import Model
from azureml.core.resource_configuration import \
    ResourceConfiguration
resource_config = ResourceConfiguration(
    cpu=1, memory_in_gb=2.0, gpu=0)

model = run.register_model(
    model_name='sklearn_mnist',
    model_path='outputs/model.pkl',
    model_framework=Model.Framework.SCIKITLEARN,
    model_framework_version=sklearn.__version__,
    resource_configuration=resource_config)
run.complete()

service_name = 'my-sklearn-service'
service = Model.deploy(ws, service_name, [model])

service.wait_for_deployment(show_output=True)
import json
answer = service.run(json.dumps({'data': X[:2].tolist(), 'method': 'predict'}))
print(json.dumps(answer))
