"""Items whose vectors are near, given by the items or by a model on disk."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from model2vec import StaticModel
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from pipelines.candidates.embeddings import Embeddings, EmbeddingSettings
from pipelines.candidates.generator import NO_ITEM, GeneratorError, Past
from tests.pipelines.candidates.boards import interactions_of

USERS = np.array([0, 1], dtype=np.int32)
WORDS = {"[UNK]": [0, 0], "tea": [1, 0], "coffee": [0.9, 0.3], "soap": [0, 1], "brush": [0.2, 1]}


def past_of(vectors=None, titles=("tea", "soap", "coffee", "brush", "?")):
    """User 0 had the first item, user 1 the second; nobody the others."""
    typed = pa.array(vectors, pa.list_(pa.float32())) if vectors is not None else None
    column = None if typed is None else pa.chunked_array([typed])
    items = pa.table({"title": titles})
    interactions = interactions_of([(0, 0, 1.0), (1, 1, 1.0)], 2, len(titles))
    return Past(interactions, items, np.zeros(2, dtype=np.int32), vectors=column)


def proposed(past, **settings):
    """What each user is proposed, own items left out."""
    model = Embeddings.fit(past, EmbeddingSettings(**settings))
    return model.candidates(USERS, 2, past.interactions.matrix).tolist()


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    """A real model of five words and two dimensions."""
    tokenizer = Tokenizer(WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="[UNK]"))  # noqa: S106
    tokenizer.pre_tokenizer = Whitespace()
    folder = tmp_path_factory.mktemp("models") / "words"
    StaticModel(np.array(list(WORDS.values()), np.float32), tokenizer).save_pretrained(folder)
    return folder


def test_vectors_of_the_items_decide():
    """Items that nobody had come by direction, whatever their length; no vector, no place."""
    vectors = [[1, 0], [0, 1], [90, 30], [0.02, 0.1], None]
    assert proposed(past_of(vectors)) == [[2, 3], [3, 2]]
    assert proposed(past_of([[1, 0], None, [0, 1], [-1, 0], [0, 0]])) == [[NO_ITEM] * 2] * 2


def test_items_of_one_vector_are_all_reached():
    """Equal vectors are compared once and lead to every item that has them."""
    assert proposed(past_of([[1, 2]] * 3 + [None] * 2)) == [[1, 2], [0, 2]]


def test_a_model_on_disk_reads_the_texts(model_folder):
    """A path is one from the folder of the settings file; a text without a known word is none."""
    past = replace(past_of(), folder=model_folder.parent)
    assert proposed(past, sentence_model="words") == [[2, 3], [3, 2]]
    assert proposed(past_of(), sentence_model=str(model_folder)) == [[2, 3], [3, 2]]


def test_neither_vectors_nor_a_model_is_an_error():
    """Both ways to bring them are named."""
    expected = r"no item has a vector; give items\.sql .* column vector .* sentence_model"
    for vectors in (None, [None] * 5):
        with pytest.raises(GeneratorError, match=expected):
            proposed(past_of(vectors))


def test_a_folder_that_is_no_model_is_an_error(model_folder, tmp_path):
    """One that is not there is not looked for on the network; a damaged one is named."""
    with pytest.raises(GeneratorError, match=r"nowhere/at-all holds no config\.json; expected"):
        proposed(past_of(), sentence_model="nowhere/at-all")
    for file in model_folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[:40])
    with pytest.raises(GeneratorError, match="is not a model2vec model that can be read"):
        proposed(past_of(), sentence_model=str(tmp_path))


def test_a_model_without_its_package_is_an_error(model_folder, monkeypatch):
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "model2vec", None)
    with pytest.raises(GeneratorError, match=r"pip install -r requirements-text\.txt"):
        proposed(past_of(), sentence_model=str(model_folder))
    assert Path("requirements-text.txt").is_file()
