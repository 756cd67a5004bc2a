"""LaTeX of a record: which of it may stand in a page whose script sets mathematics.

In the builder, and in the command where it exports a notebook. A script such as MathJax obeys more than mathematics:
`\\href` makes a link that may run something, `\\style` and `\\class` change the page, `\\def` hides them behind other
names. Anybody may have written the record. So each command must be one of those listed here, which write mathematics
and nothing else. LaTeX with any other command is shown as a text.
"""

from __future__ import annotations

import re

COMMAND = re.compile(r"\\(?:[A-Za-z]++|[^A-Za-z])")
NESTED = re.compile(r"\\[\[\]()]|[$%]")  # what would end the formula, begin another one, or hide its end
MOST = 20_000  # characters of a formula that a reader's browser is to set
SIGNS = r"\\ \, \: \; \! \> \{ \} \| \_ \& \#"
WORDS = """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi
    psi omega varepsilon vartheta varpi varrho varsigma varphi varkappa Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi
    Psi Omega aleph beth gimel daleth hbar hslash ell wp Re Im partial infty nabla emptyset varnothing forall exists
    nexists neg lnot top bot angle triangle prime degree imath jmath Bbbk
    frac dfrac tfrac cfrac binom dbinom tbinom sqrt sum prod coprod int iint iiint oint bigcup bigcap bigvee bigwedge
    bigoplus bigotimes bigodot biguplus bigsqcup lim limsup liminf sup inf max min arg argmax argmin det dim gcd hom ker
    Pr deg exp ln log lg sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh coth operatorname
    pm mp times div cdot ast star circ bullet oplus ominus otimes oslash odot dagger ddagger amalg cap cup uplus sqcap
    sqcup vee wedge lor land setminus wr bmod pmod mod pod
    leq le geq ge neq ne equiv sim simeq approx cong propto prec succ preceq succeq ll gg subset supset subseteq
    supseteq nsubseteq nsupseteq subsetneq supsetneq sqsubseteq sqsupseteq in ni notin models perp mid nmid parallel
    nparallel asymp doteq vdash dashv bowtie not lt gt triangleq coloneqq
    to gets leftarrow rightarrow leftrightarrow Leftarrow Rightarrow Leftrightarrow longleftarrow longrightarrow
    Longleftarrow Longrightarrow iff implies impliedby mapsto longmapsto uparrow downarrow updownarrow Uparrow Downarrow
    nearrow searrow swarrow nwarrow hookleftarrow hookrightarrow rightleftharpoons xleftarrow xrightarrow
    left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr Biggl Biggr langle rangle lceil rceil lfloor
    rfloor lbrace rbrace lbrack rbrack vert Vert lvert rvert lVert rVert backslash
    hat widehat bar overline underline vec dot ddot dddot tilde widetilde acute grave breve check mathring overbrace
    underbrace overset underset stackrel overrightarrow overleftarrow boxed cancel substack
    mathrm mathbf mathit mathsf mathtt mathcal mathbb mathfrak mathscr boldsymbol bm pmb rm bf it sf tt cal text textrm
    textbf textit textsf texttt mbox displaystyle textstyle scriptstyle scriptscriptstyle limits nolimits
    quad qquad enspace thinspace medspace thickspace negthinspace
    dots ldots cdots vdots ddots dotsb dotsc begin end hline cr tag nonumber notag
"""
COMMANDS = frozenset(["\\ ", *SIGNS.split(), *(f"\\{word}" for word in WORDS.split())])
ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*+\{([^{}]*+)\}")
MATRICES = "array matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix cases aligned alignedat gathered split"
AROUND = (("$$", "$$"), ("$", "$"), (r"\[", r"\]"), (r"\(", r"\)"))


def formula(latex: str) -> str:
    """The formula within the dollars or the brackets of a text of LaTeX; empty where it is more than one formula, or
    has a command that is none of mathematics."""
    text = latex.strip()
    for begins, ends in AROUND:
        if text.startswith(begins) and text.endswith(ends) and len(text) > len(begins) + len(ends):
            text = text[len(begins) : -len(ends)].strip()
            break
    whole = len(text) <= MOST and not NESTED.search(text)
    listed = all(each in COMMANDS for each in COMMAND.findall(text))
    named = ENVIRONMENT.findall(text)
    known = frozenset(MATRICES.split()).issuperset(named) and len(named) == text.count(r"\begin") + text.count(r"\end")
    return text if whole and listed and known else ""
