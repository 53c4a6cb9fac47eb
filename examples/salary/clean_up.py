from azureml.core import Workspace
from azureml.core.webservice import Webservice

ws = Workspace.from_config()
Webservice(ws, 'salary-svc').delete()
ws.delete(delete_dependent_resources=True)
