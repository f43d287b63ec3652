"""Sentences to speak: several hundred of our own and some two thousand from patterns.

The order is fixed, so that the index of a sentence tells whether it is held out (index % 20 == 0).
"""

import random
import re
from functools import cache
from importlib import resources

COUNT = 2400  # English sentences
HELD_OUT_EVERY = 20
LANGUAGES = ("de", "es", "fr", "hi", "it", "ja", "pt", "ru", "tr", "zh")

WORDS: dict[str, str] = {
    "name": "Abby Boris Chloe Dmitri Emma Farid Gwen Hiroshi Isabel Jamal Kirsten Liam Mabel Noah Olga Pamela Quentin "
    "Rebecca Stefan Thelma Umberto Vivian Wanda Xavier Yvonne Zachary Beth Phoebe Joyce Ruth Hugh Maeve",
    "person": "baker|bishop|plumber|farmer|pharmacist|jeweller|teacher|mayor|nephew|neighbour|shepherd|voyager|widow|"
    "umpire|painter|lifeguard|beekeeper|architect|professor|champion|thief|witch|youngster|musician|boxer|"
    "bookbinder|pilot|fiddler|surgeon|waiter|journalist|grandmother|engineer|potter|film director|zoologist",
    "animal": "puffin|bear|fox|wolf|buffalo|zebra|giraffe|hippo|vulture|python|moth|beaver|owl|camel|lamb|pony|mouse|"
    "walrus|sheep|chimp|jackal|thrush|ox|kangaroo|dove|oyster|gnu|yak|squirrel|bumble bee|robin|shark",
    "thing": "umbrella|violin|toolbox|vase|pillow|shovel|thermometer|watch|jigsaw|mop|feather|bathtub|lampshade|oboe|"
    "bookshelf|chequebook|garage key|mattress|fishing rod|typewriter|yoyo|wheelbarrow|microphone|button|"
    "hourglass|television|envelope|telescope|map|brush|saucepan|earring|sofa|bow and arrow|leather glove|wreath",
    "adjective": "beige|brave|warm|fluffy|heavy|purple|smooth|rough|shiny|thick|thin|yellow|unusual|empty|fresh|huge|"
    "joyful|modern|oily|quiet|soft|vivid|weird|wooden|young|zesty|bumpy|clever|damp|furry|good|humble|worthless|"
    "pale|foolish|marvellous|tiny|enormous|orange|rural",
    "place": "the beach|the library|the harbour|a rooftop|the playground|our village|the theatre|the barbershop|"
    "a swamp|the observatory|the fairground|the bathroom|the power plant|the museum|the jungle|a cave|the foyer|"
    "the zoo|a vineyard|the kitchen|the youth club|the north wing|the pub|an abbey|the measuring room",
    "food": "mushroom soup|apple pie|fresh bread|vanilla pudding|fried fish|beef and beans|plum jam|boiled eggs|"
    "thick yoghurt|orange juice|warm milk|peppermint tea|oatmeal|grapefruit|cherry cheesecake|lamb chops|"
    "mashed turnips|garlic butter|leftover pizza|roast lamb|salmon|chewy toffee|wholewheat toast|figs",
    "did": "bought|borrowed|found|moved|wrapped|painted|polished|misplaced|dropped|measured|fixed|weighed|buried|"
    "photographed|shook|admired|removed|lifted|juggled|smashed|waved|washed|threw away|chose|pushed|wove|breathed on",
    "verb": "buy|borrow|move|wrap|paint|polish|drop|measure|fix|weigh|bury|photograph|shake|admire|remove|lift|juggle|"
    "watch|choose|push|describe|believe in|make|improve|use|give away|thank|loathe",
    "when": "yesterday|this morning|on Thursday|before lunch|after the game|at midnight|last February|once a month|"
    "in the evening|every other week|during the voyage|two hours ago|by mistake|as usual|for fun|without a word|"
    "on the fifth of May|at twelve|in autumn|while nobody was watching",
    "reason": "the bus was late|it began to rain|nobody had an umbrella|the power went off|both of us felt hungry|"
    "the shop was shut|my boss had phoned|the view was worth it|the others were asleep|it smelled of smoke|"
    "somebody had to|the boys were bored|the rope broke|we had never tried|the judge said so|a wasp flew in",
    "number": "two|three|four|five|six|seven|eight|nine|eleven|twelve|fifteen|nineteen|twenty one|thirty five|"
    "forty eight|fifty|sixty six|seventy|eighty seven|ninety|a hundred|five hundred|a thousand",
    "colour": "red|blue|green|white|black|pink|brown|silver|yellow|beige|purple|violet|orange",
    "letter": "A B C D E F G H I J K L M N O P Q R S T U V X Y Z",
    "command": "place|put|bin|lay|set|move|bring|throw|push|fetch|give me|watch",
    "preposition": "at|by|in|with|near|behind|above|from|beyond",
    "adverb": "now|again|please|soon|slowly|twice|at once|if possible|with both thumbs|first",
    "feeling": "happy|proud|furious|amazed|afraid|jealous|relieved|embarrassed|hopeful|worried|bored|calm|ashamed",
    "city": "Vienna|Bombay|Mexico City|Paris|Hamburg|Beijing|Geneva|Oslo|Chicago|Johannesburg|Warsaw|Wellington|"
    "Philadelphia|Zagreb|Havana|Tbilisi|Osaka|Ushuaia|York|Bath",
    "weekday": "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday",
    "month": "January|February|March|April|May|June|July|August|September|October|November|December",
}
PATTERNS: tuple[str, ...] = (
    "{name} {did} the {adjective} {thing} {when}.",
    "The {person} {did} {number} {adjective} {thing}s {when}.",
    "Why did {name} want to {verb} a {thing} near {place}?",
    "Could you {verb} the {adjective} {thing} for the {person}, please?",
    "A {adjective} {animal} was sleeping behind {place} {when}.",
    "{name} and {name} had {food} and {food} {when}.",
    "Have you ever seen a {animal} {preposition} {place}?",
    "{command} {colour} {preposition} {letter} {number} {adverb}.",
    "{command} {colour} {preposition} {letter} {number} {adverb}.",
    "My {person} would rather {verb} a {animal} than {verb} a {thing}.",
    "{name} felt {feeling}, because {reason}.",
    "We left {place} early, since {reason}.",
    "The {animal} and the {animal} met in {place}, {when}.",
    "There are {number} {animal}s and {number} {thing}s in {place}.",
    "The train from {city} to {city} leaves at {number} minutes past {number}.",
    "On {weekday}, the {number} of {month}, {name} flew to {city}.",
    "Please don't {verb} my {thing}, it belongs to the {person}.",
    "Is it true that the {person} from {city} {did} a {animal}?",
    "{name}'s {thing} is {adjective}, but {name}'s is more {adjective}.",
    "Nobody told the {person} that {reason}.",
    "How much is the {colour} {thing} with the {adjective} {thing}?",
    "If {reason}, we shall {verb} the {thing} in {place}.",
    "The {feeling} {person} gave {name} a {thing} full of {food}.",
    "I think {name} should {verb} {food} in {place} more often.",
    "What a {adjective} {thing}, and what a {adjective} {animal}!",
    "Both the {person} and the {person} were {feeling} {when}.",
    "{number} plus {number} is not {number}, said the {person}.",
    "First we {did} the {thing}, then we {did} the {thing}, and then {reason}.",
    "Who {did} the {adjective} {thing} that {name} {did} {when}?",
    "Beyond {place} there is a {adjective} bridge, where {name} once saw a {animal}.",
    "Let us go to {city} in {month} and have {food}.",
    "The {person}'s {animal} loves {food}, though it is {feeling} of {thing}s.",
    "Oh, {name}, you {did} my {adjective} {thing} again!",
    "{name} lives in {city}, next to a {adjective} {person} and {number} {animal}s.",
    "When {reason}, the {person} {did} the {colour} {thing} {preposition} {place}.",
    "Press {letter} {letter} {number} to {verb} the {thing}, or say {colour} {adverb}.",
)


def _read(language: str) -> tuple[str, ...]:
    text = resources.files("talkdemo.data").joinpath("texts", f"{language}.txt").read_text("utf-8")
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _fill(pattern: str, generator: random.Random) -> str:
    def word(match: re.Match[str]) -> str:
        choices = WORDS[match.group(1)]
        return generator.choice(choices.split("|") if "|" in choices else choices.split())

    sentence = re.sub(r"\{(\w+)\}", word, pattern)
    sentence = re.sub(r"\b([Aa]) (?=[aeiouAEIOU])(?!uni|use|uk|one|youn|yo)", r"\1n ", sentence)
    sentence = re.sub(r"(x|ss|sh|tch|wreath)s\b", r"\1es", sentence)
    return sentence[0].upper() + sentence[1:]


@cache
def sentences(language: str = "en") -> tuple[str, ...]:
    """All sentences of a language in their fixed order; English has COUNT, the others 16 to 30."""
    if language != "en":
        if language not in LANGUAGES:
            raise ValueError(f"language {language!r} given, one of en, {', '.join(LANGUAGES)} wanted")
        return _read(language)
    texts = dict.fromkeys(_read("en"))
    generator = random.Random(2024)
    while len(texts) < COUNT:
        texts[_fill(PATTERNS[len(texts) % len(PATTERNS)], generator)] = None
    return tuple(texts)


def split(index: int) -> str:
    """Split of a sentence, the same for every voice: "train" or "held-out"."""
    return "held-out" if index % HELD_OUT_EVERY == 0 else "train"
