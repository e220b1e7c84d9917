"""Stage 3: one simulated session a row, measured: 13 behavioral features.

python backend/scripts/generate_behavioral_features.py --input linguistic.csv --output features.csv
"""

from skillscope.cli.data import command_generate_behavioral_features, run_script

if __name__ == "__main__":
    run_script(command_generate_behavioral_features)
