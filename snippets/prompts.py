"""The code of the page "Prompts of code models"."""

# %% quiet [setup]
import warnings

warnings.filterwarnings("ignore", message=".*is_gradient_checkpointing")

# %% load
from transformers import AutoModelForCausalLM, AutoTokenizer

checkpoint = "models/stdlib-coder"
tokenizer = AutoTokenizer.from_pretrained(checkpoint, padding_side="left")
tokenizer.pad_token = "<fim_pad>"
base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")


def complete(model, *prompts):
    inputs = tokenizer(list(prompts), padding=True, return_tensors="pt")
    settings = {"max_new_tokens": 90, "pad_token_id": tokenizer.pad_token_id}
    out = model.generate(**inputs, do_sample=False, **settings)
    added = out[:, inputs.input_ids.shape[1] :]
    return tokenizer.batch_decode(added, skip_special_tokens=True)


# %% fill
def fill(before, after):
    prompt = f"<fim_prefix>{before}<fim_suffix>{after}<fim_middle>"
    (middle,) = complete(base, prompt)
    return before + middle + after


head, tail = "def bubble_sort(numbers):", "\n    return numbers\n"
print(fill(head, tail))

# %% left-alone
print(complete(base, f"{head}\n"))

# %% tokens-not-text [claim]
"""The three marks are one token each, and the tokenizer makes them from their text."""
marks = ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"]
numbers = tokenizer.convert_tokens_to_ids(marks)
assert tokenizer("".join(marks)).input_ids == numbers
assert tokenizer.unk_token_id not in numbers

# %% run [setup]
import json
import subprocess
import sys

JUDGE = """
import json, sys, types

def passes(code, given, wanted):
    try:
        names = {}
        exec(code, names)
        function = next(f for f in names.values() if isinstance(f, types.FunctionType))
        return function(*given) == wanted
    except Exception:
        return False

print(json.dumps([passes(*case) for case in json.load(sys.stdin)]))
"""


def judged(cases):
    """For code, arguments and result each: whether the code's first function passes.

    Generated code is a stranger's code: it runs in a process of its own.
    """
    command = [sys.executable, "-I", "-c", JUDGE]
    given = {"input": json.dumps(cases), "text": True, "timeout": 10}
    ran = subprocess.run(command, check=True, capture_output=True, **given)
    return json.loads(ran.stdout)


# %% fills
gaps = [
    (head, tail, [[3, 1, 2]], [1, 2, 3]),
    ("def total(numbers):\n    result = 0\n", "    return result\n", [[3, 9, 2]], 14),
    ("def is_even(n):\n    return", "\n", [4], True),
    (
        "def largest(numbers):\n    best = numbers[0]\n",
        "    return best\n",
        [[3, 9, 2]],
        9,
    ),
    ("def vowels(text):\n    count = 0\n", "    return count\n", ["banana"], 3),
]
filled = [(fill(before, after), given, want) for before, after, given, want in gaps]
for (code, _, _), right in zip(filled, judged(filled), strict=True):
    print(code.splitlines()[0], "right" if right else "wrong")

# %% middle-fits [claim]
"""The base model, which answers no question, wrote a middle that makes the first of these
functions sort. From the left part alone it did not."""
import itertools

code = filled[0][0]
orders = [[list(each)] for each in itertools.permutations([1, 2, 2, 3, 4])]
assert all(judged([(code, order, [1, 2, 2, 3, 4]) for order in orders]))
(alone,) = complete(base, f"{head}\n")
assert not any(
    judged([(f"{head}\n{alone}", order, [1, 2, 2, 3, 4]) for order in orders])
)

# %% wrap
from peft import PeftModel

adapter = f"{checkpoint}/adapters/lora"
wrapped_base = AutoModelForCausalLM.from_pretrained(checkpoint, dtype="float32")
model = PeftModel.from_pretrained(wrapped_base, adapter)
questions = {
    "Please write a function in Python that performs bubble sort.": ([[3, 1, 2]], [1, 2, 3]),
    "Write a function that adds up all numbers of a list.": ([[3, 9, 2]], 14),
    "Write a function that returns the largest number of a list.": ([[3, 9, 2]], 9),
    "Write a Python function that computes the factorial of n.": ([5], 120),
    "Write a Python function that reverses a string.": (["abc"], "cba"),
    "Write a function that checks if a word is a palindrome.": (["level"], True),
    "Write a function that gives the n-th Fibonacci number.": ([7], 13),
    "Write a function that removes duplicates from a list.": ([[1, 1, 2]], [1, 2]),
    "Write a function that counts the words of a sentence.": (["a b c"], 3),
    "Write a function that checks whether a number is prime.": ([7], True),
}  # fmt: skip

# %% forms [table]
forms = {
    "as trained": "Question: {}\n\nAnswer:",
    "on one line less": "Question: {}\nAnswer:",
    "a comment": "# {}\n",
    "ChatML": "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n",
    "as trained, and a blank": "Question: {}\n\nAnswer: ",
}
right, rows = {}, []
for name, form in forms.items():
    answers = complete(model, *(form.format(question) for question in questions))
    cases = zip(answers, questions.values(), strict=True)
    right[name] = sum(judged([(code, *test) for code, test in cases]))
    rows.append({"form": name, "right": f"{right[name]} of {len(questions)}"})
rows

# %% a-blank-costs-most [claim]
"""Of these forms the one with a blank too many is answered worst, and by far: half of what
the form of the training gets, or less."""
assert right["as trained, and a blank"] == min(right.values())
assert right["as trained, and a blank"] <= right["as trained"] / 2

# %% why-a-blank
print(tokenizer.tokenize("Answer:"), tokenizer.tokenize("Answer: "))
print(tokenizer.tokenize("Answer: def"))

# %% blank-is-another-token [claim]
"""A word with a blank before it is one token. So a blank at the end of a prompt is a token
that does not stand there in texts that were cut whole."""
whole = tokenizer.encode("Answer: def")
parts = tokenizer.encode("Answer: ")
assert tokenizer.decode(whole[: len(parts)]) != "Answer: "
assert whole[: len(parts) - 1] == parts[:-1] == tokenizer.encode("Answer:")

# %% template
tokenizer.chat_template = (
    "{% for m in messages %}"
    "{% if m.role == 'user' %}Question: {{ m.content }}\n\n"
    "{% elif m.role == 'assistant' %}Answer:\n{{ m.content }}{{ eos_token }}"
    "{% else %}{{ raise_exception('no form for the role ' + m.role) }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}Answer:{% endif %}"
)
question = next(iter(questions))
chat = [{"role": "user", "content": question}]
inputs = tokenizer.apply_chat_template(
    chat, add_generation_prompt=True, return_tensors="pt"
)
out = model.generate(**inputs, do_sample=False, max_new_tokens=90, pad_token_id=0)
print(tokenizer.decode(out[0], skip_special_tokens=True))

# %% template-is-the-prompt [claim]
"""The template writes the prompt of the training, token by token, and gives an attention mask
with it. `apply_chat_template` cuts the text into tokens unless you say `tokenize=False`."""
by_hand = tokenizer(forms["as trained"].format(question), return_tensors="pt")
assert inputs.input_ids.equal(by_hand.input_ids)
assert inputs.attention_mask.equal(by_hand.attention_mask)
text = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
assert text == forms["as trained"].format(question)

# %% template-trains [claim]
"""With an answer in it, the same template writes a text to train on: the prompt, the answer,
and the end token that the model has to learn."""
answered = [*chat, {"role": "assistant", "content": "def f(): ..."}]
text = tokenizer.apply_chat_template(answered, tokenize=False)
assert text.startswith(forms["as trained"].format(question))
assert tokenizer.apply_chat_template(answered).input_ids[-1] == tokenizer.eos_token_id

# %% other-role raises="TemplateError"
system = {"role": "system", "content": "You write Python."}
tokenizer.apply_chat_template([system, *chat])

# %% save
from pathlib import Path

model.save_pretrained("my-adapter")
tokenizer.save_pretrained("my-adapter")
print(*sorted(file.name for file in Path("my-adapter").iterdir()), sep="\n")

# %% template-is-saved [claim]
"""The tokenizer that is loaded from the adapter's folder has the template. That of the base
model's folder has none."""
loaded = AutoTokenizer.from_pretrained("my-adapter")
assert loaded.apply_chat_template(chat, tokenize=False) == f"Question: {question}\n\n"
assert AutoTokenizer.from_pretrained(checkpoint).chat_template is None


# %% exercise
def check(template):
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    tokenizer.chat_template = template
    chat = [{"role": "user", "content": "Sort."}]
    text = tokenizer.apply_chat_template(
        chat, add_generation_prompt=True, tokenize=False
    )
    assert text == "### Instruction:\nSort.\n\n### Response:\n", repr(text)
    chat.append({"role": "assistant", "content": "sorted(x)"})
    text = tokenizer.apply_chat_template(chat, tokenize=False)
    assert text.endswith("### Response:\nsorted(x)<|endoftext|>"), repr(text)
    print("right")


# %% solution [folded] fold="Answer: a template"
mine = (
    "{% for m in messages %}"
    "{% if m.role == 'user' %}### Instruction:\n{{ m.content }}\n\n"
    "{% else %}### Response:\n{{ m.content }}{{ eos_token }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}### Response:\n{% endif %}"
)
check(mine)
