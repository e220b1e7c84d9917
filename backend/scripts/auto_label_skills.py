"""Stage 4: the four scores.

python backend/scripts/auto_label_skills.py --input features.csv --output training.csv [--no-auto-label | --no-labels]
    [--use-openai] [--model M ...] [--raters N] [--allow-external] [--max-cost USD] [--dry-run] [--retry-failed]
"""

from skillscope.cli.data import command_auto_label_skills, run_script

if __name__ == "__main__":
    run_script(command_auto_label_skills)
