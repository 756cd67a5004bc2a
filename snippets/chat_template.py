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

# %% prompt-is-asked-for [claim]
"""`apply_chat_template` gives token ids, and no open prompt for the answer, unless you say
`tokenize=False` and `add_generation_prompt=True`."""
tokenizer.chat_template = (
    "{% for m in messages %}{{ m.content }}\n{% endfor %}"
    "{% if add_generation_prompt %}Answer:{% endif %}"
)
text = tokenizer.apply_chat_template(messages, tokenize=False)
assert not text.endswith("Answer:")
ids = tokenizer.apply_chat_template(messages)["input_ids"]
assert tokenizer.decode(ids) == text
