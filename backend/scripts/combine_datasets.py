"""One training set from simulated and real rows.

python backend/scripts/combine_datasets.py --synthetic data/training.csv --real data/real.csv --output data/mixed.csv
    [--real-share 0.2] [--seed 42]
"""

from skillscope.cli.data import command_combine_datasets, run_script

if __name__ == "__main__":
    run_script(command_combine_datasets)
