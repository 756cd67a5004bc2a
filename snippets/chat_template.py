"""The code of the page "Cannot use chat template functions"."""

# %% mend
from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("models/stdlib-coder")
tokenizer.chat_template = (
    "{% for m in messages %}{{ 'Question: ' if m.role == 'user' else 'Answer: ' }}"
    "{{ m.content }}\n\n{% endfor %}{% if add_generation_prompt %}Answer:{% endif %}"
)
messages = [
    {
        "role": "user",
        "content": "Please write a function in Python that performs bubble sort.",
    }
]
prompt = tokenizer.apply_chat_template(
    messages, tokenize=False, add_generation_prompt=True
)

# %% mended
print(prompt)
assert prompt.startswith("Question: Please write")
assert prompt.endswith("bubble sort.\n\nAnswer:")

# %% raised raises="ValueError"
tokenizer = AutoTokenizer.from_pretrained("models/stdlib-coder")
tokenizer.apply_chat_template(messages)
