"""All four stages at once.

python backend/scripts/generate_training_data.py --count 100 --output data/training_100_free.csv [--seed 42]
    [--use-openai | --provider gemini] [--no-auto-label] [--model M] [--raters N] [--max-cost USD] [--dry-run]
"""

from skillscope.cli.data import command_generate_training_data, run_script

if __name__ == "__main__":
    run_script(command_generate_training_data)
