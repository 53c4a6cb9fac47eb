import datetime
import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split
from sklearn.linear_model import LinearRegression
from sklearn.externals import joblib

import azureml.core
from azureml.core import Workspace
from azureml.core.model import Model
from azureml.core import Experiment
from azureml.core.webservice import Webservice
from azureml.core.image import ContainerImage
from azureml.core.webservice import AciWebservice
from azureml.core.conda_dependencies import CondaDependencies

# The workspace: the boundary of our experiments. What it says of the cloud is kept and shown.
ws = Workspace.create(name='salary',
                      subscription_id='',
                      resource_group='mi2',
                      create_resource_group=True,
                      location='southeastasia'
                      )
ws.write_config()

exp = Experiment(workspace=ws, name='salexp')
run = exp.start_logging()
run.log("Experiment start time", str(datetime.datetime.now()))

# Train and test
sal = pd.read_csv('data/sal.csv', header=0, index_col=None)
X = sal[['x']]
y = sal['y']
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=10)

lm = LinearRegression()
lm.fit(X_train, y_train)

filename = 'outputs/sal_model.pkl'
joblib.dump(lm, filename)

run.log('Intercept :', lm.intercept_)
run.log('Slope :', lm.coef_[0])

run.log("Experiment end time", str(datetime.datetime.now()))
run.complete()
print(run.get_portal_url())

# Register and serve the trained model
model = Model.register(model_path="outputs/sal_model.pkl",
                       model_name="sal_model",
                       tags={"key": "1"},
                       description="Salary Prediction",
                       workspace=ws)

salenv = CondaDependencies()
salenv.add_conda_package("scikit-learn")

with open("salenv.yml", "w") as f:
    f.write(salenv.serialize_to_string())
with open("salenv.yml", "r") as f:
    print(f.read())

image_config = ContainerImage.image_configuration(execution_script="score.py",
                                                  runtime="python",
                                                  conda_file="salenv.yml")

aciconfig = AciWebservice.deploy_configuration(cpu_cores=1,
                                               memory_gb=1,
                                               tags={"data": "Salary", "method": "sklearn"},
                                               description='Predict Stackoverflow Salary')

service = Webservice.deploy_from_model(workspace=ws,
                                       name='salary-svc',
                                       deployment_config=aciconfig,
                                       models=[model],
                                       image_config=image_config)

service.wait_for_deployment(show_output=True)

print(service.scoring_uri)
