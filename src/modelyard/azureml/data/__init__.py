"""Azure: ``azureml.data``: datasets, which are not there yet."""

from modelyard.azureml._later import DATA, later

FileDataset = later("FileDataset", DATA)
TabularDataset = later("TabularDataset", DATA)
OutputFileDatasetConfig = later("OutputFileDatasetConfig", DATA)
