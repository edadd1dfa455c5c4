"""How an ablation is shown: what each mechanism of a scenario adds, alone and in sequence."""
