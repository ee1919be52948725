# frontdesk: `make help` lists what can be made.
#
# Everything made lands in build/. Folders are keyed by the Lua ABI
# (build/lua5.4, build/luajit), so that no Lua can pick up the other's core.
# A target first installs what it misses (Debian; see spec/support/packages.sh).

ABIS    := lua5.4 luajit
LUA     ?= lua5.4
VARIANT :=
SPEC    ?= spec

CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wpedantic -Werror -Werror=implicit-function-declaration
BASE    := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -Icsrc -MMD -MP

# Found when first needed: `deps` may have to install what answers.
headers = $(shell for name in $(1); do pkg-config --cflags $$name 2>/dev/null && break; done)
LUA_lua5.4 = $(eval LUA_lua5.4 := $$(call headers,lua5.4 lua-5.4 lua54 lua))$(LUA_lua5.4)
LUA_luajit = $(eval LUA_luajit := $$(call headers,luajit))$(LUA_luajit)
CURL_CFLAGS = $(eval CURL_CFLAGS := $$(call headers,libcurl))$(CURL_CFLAGS)
CURL_LIBS  ?= -lcurl

PURE    := $(wildcard csrc/engine/*.c csrc/json/*.c)
BINDING := $(wildcard csrc/binding/*.c)
OBJ     := build/obj/$(VARIANT)
CORES   := $(ABIS:%=build/$(VARIANT)%/frontdesk/core.so)

build: $(CORES)

# The pure C is compiled once and linked into both cores.
$(OBJ)pure/%.o: csrc/%.c Makefile | deps
	@mkdir -p $(@D)
	$(CC) $(BASE) $(WARN) $(CFLAGS) $(CURL_CFLAGS) -c -o $@ $<

define rules_for
$(OBJ)$(1)/%.o: csrc/%.c Makefile | deps
	@mkdir -p $$(@D)
	$$(CC) $$(BASE) $$(WARN) $$(CFLAGS) $$(CURL_CFLAGS) $$(LUA_$(1)) -c -o $$@ $$<

build/$(VARIANT)$(1)/frontdesk/core.so: $(PURE:csrc/%.c=$(OBJ)pure/%.o) $(BINDING:csrc/%.c=$(OBJ)$(1)/%.o)
	@mkdir -p $$(@D)
	$$(CC) -shared $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(CURL_LIBS)
endef
$(foreach abi,$(ABIS),$(eval $(call rules_for,$(abi))))

-include $(shell find $(OBJ:%/=%) -name '*.d' 2>/dev/null)

# Looks at dpkg, and only installs when something is missing. DEPS=no skips it.
GOALS := $(or $(filter demo test lint bench rock,$(MAKECMDGOALS:sandbox=demo)),build)
GOALS += $(if $(filter sanitize,$(MAKECMDGOALS)),test)
deps:
	@[ "$(DEPS)" = no ] || sh spec/support/packages.sh $(GOALS)

test: build
	@sh spec/support/run_specs.sh "$(VARIANT)" "$(ABIS)" $(SPEC)

env:
	@echo "export LUA_PATH='$(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;;'"
	@echo "export LUA_CPATH='$(CURDIR)/build/$(VARIANT)$(LUA)/?.so;;'"

clean:
	rm -rf build

.PHONY: build deps test env clean
.DELETE_ON_ERROR:
