"""Talks to the Hugging Face Hub: one commit that is whole or absent, refusals in one sentence."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from huggingface_hub import HfApi

KEPT = ".gitattributes"  # the Hub's own


@contextmanager
def hub(repository: str) -> Iterator["HfApi"]:
    """The Hub's client. Whatever the Hub refuses, or its not being reached, is a ValueError in one sentence."""
    from httpx2 import HTTPError  # of the client, which huggingface_hub brings along
    from huggingface_hub import HfApi
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
    from huggingface_hub.utils import disable_progress_bars

    if not sys.stderr.isatty():
        disable_progress_bars()
    try:
        yield HfApi(library_name="talkdemo")
    except (HfHubHTTPError, HTTPError, RuntimeError, LocalEntryNotFoundError) as error:
        cause = error.__cause__ if isinstance(error, RuntimeError) else error  # RuntimeError: of one file's upload
        if isinstance(cause, HfHubHTTPError):
            said = cause.server_message or cause.response.reason_phrase
            raise ValueError(_refusal(cause.response.status_code, said, repository)) from error
        if isinstance(cause, HTTPError | LocalEntryNotFoundError):
            raise ValueError(f"{repository}: the Hub cannot be reached ({type(cause).__name__})") from error
        raise


def _refusal(status: int, said: str, repository: str) -> str:
    if status == 401:
        wanted = f"one that may write to {repository} is wanted: `hf auth login`, or HF_TOKEN"
        return f"the Hub does not know the token, or none was given; {wanted}"
    if status == 403:
        return f"{repository}: the token may not do this ({said})"
    if status == 404:
        return f"{repository}: there is no such thing on the Hub, or the token may not see it"
    return f"{repository}: the Hub answered {status} ({said}); the same command goes on from there"


def commit(api: "HfApi", repository: str, kind: str, files: Mapping[str, Path | bytes], only: bool = False) -> str:
    """Put `files` (path in the repository → file or content) into a repository of `kind` (space, model) by one commit;
    returns its address. `only`: whatever else lies there is deleted. After a broken upload the next call sends what is
    missing: the Hub keeps files by their content."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    there = api.list_repo_files(repository, repo_type=kind) if only else []
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        *(CommitOperationAdd(name, content) for name, content in files.items()),
        *(CommitOperationDelete(name) for name in there if name not in files and name != KEPT),
    ]
    done = api.create_commit(repository, operations, commit_message="Upload by talkdemo", repo_type=kind)
    return str(done.commit_url)
