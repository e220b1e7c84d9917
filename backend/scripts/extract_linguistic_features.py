"""Stage 2: the 16 linguistic features of every response.

python backend/scripts/extract_linguistic_features.py --input responses.csv --output linguistic.csv
"""

from skillscope.cli.data import command_extract_linguistic_features, run_script

if __name__ == "__main__":
    run_script(command_extract_linguistic_features)
