"""Train the four models on a dataset and register them.

python backend/app/ml/train_models.py --data data/training_100_free.csv --models-dir models/
"""

from skillscope.cli.data import run_script
from skillscope.cli.models import command_train

if __name__ == "__main__":
    run_script(command_train)
