# B1 to B14 and B16 of the book's chapter 14, as printed but for capital letters that no Python takes
import os
import joblib
from azureml.core import Experiment, Workspace
from azureml.core.run import Run
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

ws = Workspace.create(name='book', subscription_id='s', resource_group='r', location='l')
ws.write_config()


def train_sklearn_mnist():
    X, y = load_digits(return_X_y=True)
    a, b, c, d = train_test_split(X, y, random_state=0)
    clf = LogisticRegression(max_iter=200).fit(a, c)
    return clf, clf.score(b, d)


# the book runs this part as a job; here the run is an interactive one that stands for it
active = Experiment(ws, 'mnist').start_logging()
run = active
exp = run.experiment
# train your model
clf, test_acc = train_sklearn_mnist()
run.log('Test accuracy', test_acc)


def get_metrics(exp, metric):
    for run in Run.list(exp, status='Completed'):
        yield run.get_metrics().get(metric)


m_name = 'Test accuracy'
best_acc = max(get_metrics(exp, m_name), default=0)

# serialize the model and write it to disk
joblib.dump(clf, 'outputs/model.pkl')
if test_acc > best_acc:
    model = run.register_model(
        model_name='sklearn_mnist',
        model_path='outputs/model.pkl')
    print(model.name, model.id, model.version, sep='\t')
run.complete()

from azureml.core.model import Model
model_path = Model.get_model_path('sklearn_mnist')
model = joblib.load(model_path)

from azureml.core.resource_configuration import \
    ResourceConfiguration
resource_config = ResourceConfiguration(
    cpu=1, memory_in_gb=2.0, gpu=0)

from azureml.core import Model
model = run.register_model(
    model_name='sklearn_mnist',
    model_path='outputs/model.pkl',
    model_framework=Model.Framework.SCIKITLEARN,
    model_framework_version='0.24.2',
    resource_configuration=resource_config)
print(model.id, model.model_framework, model.model_framework_version)

from azureml.core import Environment
from azureml.core.conda_dependencies import \
    CondaDependencies


def get_env(name="my-env", packages=None):
    packages = packages or []
    packages += ['azureml-defaults']
    conda_deps = CondaDependencies.create(
        pip_packages=packages)
    env = Environment(name=name)
    env.python.conda_dependencies = conda_deps
    return env


myenv = get_env(name="PythonEnv",
                packages=["numpy",
                          "scikit-learn"])
myenv.register(ws, name="PythonEnv")
myenv = Environment.get(ws, name="PythonEnv")

with open("score.py", "w") as f:
    f.write('''
import json
import joblib
from azureml.core.model import Model

def init():
    global model
    model = joblib.load(Model.get_model_path('sklearn_mnist'))

def run(data):
    return model.predict(json.loads(data)['data']).tolist()
''')

from azureml.core.model import InferenceConfig
inference_config = InferenceConfig(
    entry_script="score.py",
    environment=myenv)

from azureml.core import Image
build = myenv.build(ws)
build.wait_for_completion(show_output=True)

model = Model.get_model('sklearn_mnist')

service_name = 'my-sklearn-service'
from azureml.core.webservice import LocalWebservice
deployment_config = LocalWebservice.deploy_configuration(
    port=int(os.environ['BOOK_PORT']))
service = Model.deploy(ws,
                       name=service_name,
                       models=[model],
                       inference_config=inference_config,
                       deployment_config=deployment_config)
service.wait_for_deployment(show_output=True)
print(service.state)
print("Scoring URL: " + service.scoring_uri)
