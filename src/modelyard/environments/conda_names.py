"""What conda calls otherwise than PyPI, or has and PyPI has not."""

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PYPI_NAMES: Mapping[str, str] = {
    "pytorch": "torch",
    "pytorch-cpu": "torch",
    "pytorch-gpu": "torch",
    "torchvision-cpu": "torchvision",
    "opencv": "opencv-python-headless",
    "py-opencv": "opencv-python-headless",
    "py-xgboost": "xgboost",
    "py-xgboost-cpu": "xgboost",
    "py-xgboost-gpu": "xgboost",
    "py-xgboost-mutex": "xgboost",
    "py-lightgbm": "lightgbm",
    "catboost-gpu": "catboost",
    "tensorflow-gpu": "tensorflow",
    "tensorflow-base": "tensorflow",
    "tensorflow-mkl": "tensorflow",
    "tensorflow-eigen": "tensorflow",
    "keras-gpu": "keras",
    "keras-base": "keras",
    "matplotlib-base": "matplotlib",
    "seaborn-base": "seaborn",
    "dask-core": "dask",
    "numpy-base": "numpy",
    "pytables": "tables",
    "python-graphviz": "graphviz",
    "msgpack-python": "msgpack",
    "python-lmdb": "lmdb",
    "python-blosc": "blosc",
    "python-flatbuffers": "flatbuffers",
    "python-tzdata": "tzdata",
    "python-xxhash": "xxhash",
    "python-kubernetes": "kubernetes",
    "python-fastjsonschema": "fastjsonschema",
    "python-build": "build",
    "ruamel-yaml": "ruamel.yaml",
    "psycopg2": "psycopg2-binary",
    "pyqt": "PyQt5",
    "faiss": "faiss-cpu",
    "fbprophet": "prophet",
    "brotli-python": "brotli",
    "uvicorn-standard": "uvicorn[standard]",
    "ray-core": "ray",
    "ray-default": "ray[default]",
    "ray-serve": "ray[serve]",
    "sklearn": "scikit-learn",
}
"""conda's name (lower case, dashes) → PyPI's."""

SYSTEM_LIBRARIES = _words(
    """
    mkl mkl-include mkl-devel mkl-fft mkl-random blas openblas libblas libcblas liblapack
    libopenblas nomkl intel-openmp llvm-openmp cudatoolkit cuda cuda-toolkit cudnn nccl cpuonly
    pytorch-cuda pytorch-mutex pytorch-cpu-mutex cuda-cudart cuda-runtime cuda-libraries
    libcublas libcudnn cutensor libgcc libgcc-ng libgomp libgfortran libgfortran-ng
    libgfortran4 libgfortran5 libstdcxx-ng libcxx libllvm openssl ca-certificates zlib bzip2 xz
    lz4-c zstd libzlib blosc snappy readline ncurses tk sqlite libsqlite libffi libuuid libnsl
    libxcrypt libedit ld-impl-linux-64 expat libexpat libprotobuf libabseil libxgboost
    liblightgbm arrow-cpp libarrow parquet-cpp thrift-cpp hdf5 libnetcdf jpeg libjpeg-turbo
    libpng libtiff libwebp libwebp-base libdeflate freetype lcms2 openjpeg giflib libxml2
    libxslt icu glib pcre libiconv gettext libcurl libssh2 krb5 c-ares libev libnghttp2 nghttp2
    libsodium zeromq yaml gmp mpfr mpc fontconfig dbus gst-plugins-base gstreamer qt qt-main
    xorg unixodbc libpq geos proj libspatialindex libgdal tbb eigen boost-cpp gflags glog
    grpc-cpp rdma-core libboost liburing libevent leptonica utf8proc aws-c-common aws-sdk-cpp
    python-abi tzcode kernel-headers-linux-64 sysroot-linux-64 vc vs2015-runtime ucrt
    """
)
"""Things that wheels of PyPI bring themselves: leaving them out changes nothing."""

NOT_PYTHON = _words(
    """
    r r-base r-essentials nodejs npm yarn gcc gxx gfortran gcc-linux-64 gxx-linux-64
    gfortran-linux-64 clang clangxx make git git-lfs openjdk java-jdk maven ffmpeg graphviz
    pandoc ghostscript imagemagick tesseract poppler perl ruby go rust julia postgresql mysql
    mongodb redis redis-server nginx wget curl unzip conda conda-build anaconda anaconda-client
    mamba miniconda openmpi mpich spark hadoop cuda-nvcc samtools bedtools bwa vim htop tmux
    """
)
"""Programs and languages that no wheel brings."""

NOT_PYTHON_PREFIXES = ("r-", "bioconductor-", "perl-", "ruby-", "nodejs-")

MODELYARDS_PART = _words(
    """
    azureml-defaults azureml-core azureml-sdk azureml-contrib-services
    azureml-inference-server-http azureml-model-management-sdk azureml-monitoring
    azureml-ai-monitoring azureml-telemetry azureml-train azureml-train-core
    azureml-train-restclients-hyperdrive azureml-pipeline azureml-pipeline-core
    azureml-pipeline-steps azureml-widgets azureml-datadrift azureml-dataset-runtime
    azureml-dataprep azureml-dataprep-native azureml-dataprep-rslex azureml-opendatasets
    azureml-contrib-server azureml-contrib-pipeline-steps azureml-contrib-notebook
    azureml-contrib-fairness azureml-tensorboard azureml-mlflow azureml-fsspec
    azureml-explain-model
    """
)
"""Azure packages whose part Modelyard plays; in a model's environment they would shadow it."""

QUIET_CHANNELS = frozenset(
    {"defaults", "main", "anaconda", "conda-forge", "pytorch", "nvidia", "nodefaults", "free", "r"}
)
"""Channels whose Python packages are those of PyPI, so that nothing need be said about them."""
