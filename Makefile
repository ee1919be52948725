# frontdesk: `make help` lists the targets.
#
# Everything made lands in build/, in folders keyed by the Lua ABI, so that no
# Lua picks up the other's core: build/lua5.4, build/luajit. A target first
# installs what it misses (Debian; DEPS=no skips that). V=1 shows the commands.

ABIS    := lua5.4 luajit
OLDER   := lua5.1 lua5.2 lua5.3
LUA     ?= lua5.4
SPEC    ?= spec

# CURL=gnutls links Debian's other libcurl, into build/gnutls-lua5.4 and so on.
# The headers are the same, and the two -dev packages exclude each other.
CURL    := openssl
GNUTLS  := $(filter gnutls,$(CURL))
VARIANT := $(GNUTLS:%=%-)
LIBCURL := $(if $(GNUTLS),-l:libcurl-gnutls.so.4,-lcurl)
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell getconf _NPROCESSORS_ONLN 2>/dev/null) $(if $(filter lint,$(MAKECMDGOALS)),-k)
endif

CFLAGS  ?= -O2 -g
WERROR  ?= -Werror
Q       := $(if $(V),,@)
WARN    := -Wall -Wextra -Wpedantic $(WERROR) -Werror=implicit-function-declaration
BASE    := -std=c11 -D_GNU_SOURCE -Icsrc -fPIC -fvisibility=hidden
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all

# Asked when first needed: `deps` may have to install what answers.
headers = $(shell for name in $(1); do pkg-config --cflags $$name 2>/dev/null && break; done)
INC_lua5.1 = $(eval INC_lua5.1 := $$(call headers,lua5.1 lua-5.1 lua51))$(INC_lua5.1)
INC_lua5.2 = $(eval INC_lua5.2 := $$(call headers,lua5.2 lua-5.2 lua52))$(INC_lua5.2)
INC_lua5.3 = $(eval INC_lua5.3 := $$(call headers,lua5.3 lua-5.3 lua53))$(INC_lua5.3)
INC_lua5.4 = $(eval INC_lua5.4 := $$(call headers,lua5.4 lua-5.4 lua54 lua))$(INC_lua5.4)
INC_luajit = $(eval INC_luajit := $$(call headers,luajit))$(INC_luajit)
LIB_lua5.4 = $(eval LIB_lua5.4 := $$(shell pkg-config --libs lua5.4 || echo -llua5.4))$(LIB_lua5.4)
LIB_luajit = $(eval LIB_luajit := $$(shell pkg-config --libs luajit || echo -lluajit-5.1))$(LIB_luajit)
INC_curl   = $(eval INC_curl := $$(call headers,libcurl))$(INC_curl)

# Where a script finds the built tree; the paths are this checkout's.
LUA_PATH_  = $(CURDIR)/lua/?.lua;$(CURDIR)/lua/?/init.lua;;
LUA_CPATH_ = $(CURDIR)/build/$(VARIANT)$(LUA)/?.so;;
WITH_TREE  = exec env LUA_PATH='$(LUA_PATH_)' LUA_CPATH='$(LUA_CPATH_)'

# --- build: the C that knows no Lua ("pure") is compiled once, for all cores

pure    := $(wildcard csrc/engine/*.c csrc/json/*.c)
binding := $(wildcard csrc/binding/*.c)
OBJ     := build/obj/$(VARIANT:gnutls-=)

build: $(ABIS:%=build/$(VARIANT)%/frontdesk/core.so)

define rules_for # KIND: pure or an ABI
$(OBJ)$(1)/%.o: csrc/%.c Makefile | deps
	@mkdir -p $$(@D)
	@echo "$$(CC) $$< ($(1))"
	$$(Q)$$(CC) $$(BASE) $$(WARN) $$(CFLAGS) $$(INC_curl) $$(INC_$(1)) -MMD -MP -c -o $$@ $$<

build/tidy/$(1)/%.ok: csrc/%.c $(wildcard csrc/*/*.h) .clang-tidy | deps
	@mkdir -p $$(@D)
	@echo "clang-tidy $$< ($(1))"
	$$(Q)clang-tidy --quiet $$< -- $$(BASE) $$(WARN) $$(INC_curl) $$(INC_$(1)) 2>$$@.log || { cat $$@.log; exit 1; }
	@touch $$@
endef

define core_for # ABI
build/$(VARIANT)$(1)/frontdesk/core.so: $(pure:csrc/%.c=$(OBJ)pure/%.o) $(binding:csrc/%.c=$(OBJ)$(1)/%.o)
	@mkdir -p $$(@D)
	@echo "$$(CC) $$@"
	$$(Q)$$(CC) -shared $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LIBCURL)
endef

EVERY := $(sort lua5.4 luajit $(ABIS) $(OLDER))
$(foreach kind,pure $(EVERY),$(eval $(call rules_for,$(kind))))
$(foreach abi,$(EVERY),$(eval $(call core_for,$(abi))))
-include $(wildcard $(OBJ)*/*/*.d)

# --- what needs what

GROUPS := build demo test lint bench smoke rock fuzz valgrind
NEEDED := $(filter $(GROUPS),$(subst demo-import,demo,$(subst demo-nginx,demo,$(subst sandbox,demo,$(subst sanitize,test,$(subst differential,test,$(subst coverage,test,$(subst out-of-memory,test,$(MAKECMDGOALS)))))))))
deps:
	@[ "$(DEPS)" = no ] || sh spec/support/packages.sh $(if $(filter deps,$(MAKECMDGOALS)),$(GROUPS) gnutls,build $(NEEDED) $(GNUTLS))

# --- run

demo: build
	@$(WITH_TREE) $(LUA) lua/frontdesk/sandbox/main.lua run examples/new_customers.lua

demo-nginx: build
	@$(WITH_TREE) $(LUA) examples/nginx/demo.lua

demo-import: build
	@$(WITH_TREE) $(LUA) spec/support/demo_import.lua $(ROWS)

sandbox: build
	@$(WITH_TREE) $(LUA) lua/frontdesk/sandbox/main.lua

env:
	@echo "export LUA_PATH='$(LUA_PATH_)'"
	@echo "export LUA_CPATH='$(LUA_CPATH_)'"

# --- check

test: build build/$(VARIANT)luajit/frontdesk/core.so # nginx's
	@sh spec/support/run_specs.sh "$(VARIANT)" "$(ABIS)" $(SPEC)

# The core stays loaded to the end, so that what leaks can be named, and what
# libcurl and OpenSSL keep for good is not taken for a leak.
sanitize:
	@CHECK=sanitize $(MAKE) --no-print-directory test VARIANT=asan-$(VARIANT) LDFLAGS=-Wl,-z,nodelete \
	  CFLAGS="-O1 -g -fno-omit-frame-pointer $(SANITIZE) -fsanitize-undefined-trap-on-error"

valgrind: | deps
	@CHECK=valgrind SPEC_TIMEOUT=$${SPEC_TIMEOUT:-5400} $(MAKE) --no-print-directory test

# Counters are kept by whoever has a core loaded, nginx's workers among them.
coverage: | deps
	@rm -rf build/coverage && mkdir -p build/coverage && find build -name '*.gcda' -exec rm -f {} +
	@CHECK=coverage $(MAKE) --no-print-directory test VARIANT=cov- CFLAGS='-O0 -g --coverage -fprofile-update=atomic' || true
	@lua5.4 spec/support/coverage_report.lua build/coverage $(ABIS:%=build/obj/cov-%) build/obj/cov-pure

# The one piece of C with a thread of its own.
sanitize-thread: | deps
	@mkdir -p build/tsan
	$(Q)$(CC) $(BASE) $(WARN) -O1 -g -fsanitize=thread -pthread -o build/tsan/notifier_threads \
	  spec/support/notifier_threads.c csrc/engine/notifier.c csrc/engine/status.c
	@build/tsan/notifier_threads && echo 'sanitize-thread: clean'

# Each C file in spec/fuzz is a target of libFuzzer's; TARGETS="..." takes some.
FUZZ    := $(patsubst spec/fuzz/%.c,%,$(wildcard spec/fuzz/*.c))
TARGETS ?= $(FUZZ)
SECONDS ?= 20

fuzz: | deps
	@$(MAKE) --no-print-directory $(TARGETS:%=build/fuzz/%) VARIANT=fuzz- CC=clang \
	  CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link $(SANITIZE)'
	@sh spec/fuzz/run.sh $(SECONDS) $(TARGETS)

build/fuzz/%: spec/fuzz/%.c $(pure:csrc/%.c=$(OBJ)pure/%.o) $(binding:csrc/%.c=$(OBJ)lua5.4/%.o)
	@mkdir -p $(@D)
	@echo "$(CC) $@"
	$(Q)$(CC) $(BASE) $(WARN) $(CFLAGS) $(INC_curl) $(INC_lua5.4) -fsanitize=fuzzer -MMD -MP -o $@ \
	  $(filter-out %.h,$^) $(LIBCURL) -l:liblua5.4.a -lm -ldl
-include $(wildcard build/fuzz/*.d)

# A Lua with the core in it, whose calls for memory can be made to fail.
WRAPPED := malloc calloc realloc free curl_global_init

define out_of_memory_for # ABI
build/$(VARIANT)$(1)/out_of_memory: spec/proofs/out_of_memory.c $(pure:csrc/%.c=$(OBJ)pure/%.o) $(binding:csrc/%.c=$(OBJ)$(1)/%.o)
	@mkdir -p $$(@D)
	@echo "$$(CC) $$@"
	$$(Q)$$(CC) $$(BASE) $$(WARN) $$(CFLAGS) $$(INC_curl) $$(INC_$(1)) -rdynamic -o $$@ $$^ \
	  $(WRAPPED:%=-Wl,--wrap=%) $$(LIBCURL) $$(LIB_$(1)) -lm -ldl
endef
$(foreach abi,$(ABIS),$(eval $(call out_of_memory_for,$(abi))))

out-of-memory: $(ABIS:%=build/$(VARIANT)%/out_of_memory)
	@LUA_PATH='$(CURDIR)/spec/?.lua;$(LUA_PATH_)' lua5.4 spec/proofs/out_of_memory.lua $^

differential: build
	@sh spec/proofs/differential.sh "$(VARIANT)" "$(ABIS)" $(or $(COUNT),500000) $(SEED)

bench: build
	@$(WITH_TREE) sh spec/bench/run

rock: | deps
	@sh spec/support/check_rock.sh $(ABIS)

smoke: $(EVERY:%=build/$(VARIANT)%/frontdesk/core.so)
	@for abi in $(EVERY); do \
	  env LUA_PATH='$(LUA_PATH_)' LUA_CPATH="$(CURDIR)/build/$(VARIANT)$$abi/?.so;;" \
	    $$abi spec/support/smoke.lua $(if $(GNUTLS),tls=GnuTLS) || exit 1; done

lint: lint-lua lint-rules lint-clang lint-tidy lint-cppcheck
	@echo 'lint: clean'

lint-lua: | deps
	luacheck -q --no-color $(wildcard lua spec examples) .busted .luacheckrc $(wildcard rockspec/*)

lint-rules: build # with gcc's strict compile
	@echo house_rules.sh
	@sh spec/support/house_rules.sh $(pure:csrc/%.c=build/obj/pure/%.o) \
	  $(foreach abi,$(ABIS),$(binding:csrc/%.c=build/obj/$(abi)/%.o))

lint-clang: | deps
	@$(MAKE) --no-print-directory build CC=clang VARIANT=clang-
	clang $(BASE) $(WARN) $(INC_curl) $(INC_lua5.4) -fsyntax-only $(wildcard spec/*/*.c)

lint-tidy: $(pure:csrc/%.c=build/tidy/pure/%.ok) $(binding:csrc/%.c=build/tidy/lua5.4/%.ok)

lint-cppcheck: | deps
	cppcheck -q --std=c11 --enable=warning,style,performance,portability --inline-suppr \
	  --suppress=missingIncludeSystem --suppress=shadowFunction --error-exitcode=1 -Icsrc csrc $(wildcard spec/*/*.c)

clean:
	rm -rf build

help:
	@echo 'make [build]   the core for Lua 5.4 and LuaJIT, into build/'
	@echo 'make demo      a working day against the five services, on this machine'
	@echo 'make demo-nginx  a gateway inside nginx before them, and what it answers'
	@echo 'make demo-import   100,000 contacts imported through faults and kills, and counted'
	@echo 'make test      the specs on both; SPEC=spec/unit/x_spec.lua runs one file'
	@echo 'make lint      luacheck, gcc, clang, clang-tidy, cppcheck and the house rules'
	@echo 'make sanitize  the specs under AddressSanitizer and UBSan'
	@echo 'make valgrind  the specs under memcheck (an hour or so; SPEC=spec/core for some)'
	@echo 'make coverage  which lines of C and Lua the specs run, and which never'
	@echo 'make sanitize-thread   the notifier and a loop under ThreadSanitizer'
	@echo 'make fuzz      libFuzzer on each target of spec/fuzz; SECONDS=20 a target, TARGETS="json_scan url"'
	@echo 'make out-of-memory  each allocation failing in turn: some of them, or STEP=1 for all'
	@echo 'make differential   the JSON decoder against lua-cjson; COUNT=500000 documents on each Lua'
	@echo 'make sandbox   the five services in the foreground, with keys to try'
	@echo 'make bench     how far from plain libcurl, and from the other Lua clients'
	@echo 'make smoke     a short tour on every Lua: 5.1, 5.2, 5.3, 5.4 and LuaJIT'
	@echo 'make rock      installs the rock into build/rock and takes the tour from there'
	@echo 'make env       the lines that let any script use the built tree (-s; LUA=luajit)'
	@echo 'make deps      installs the packages that all of this needs'
	@echo 'make clean     removes build/'
	@echo 'CURL=gnutls    with any of these: the core on the libcurl that has GnuTLS'

.PHONY: build deps demo demo-nginx demo-import sandbox env test sanitize sanitize-thread valgrind coverage fuzz out-of-memory differential bench smoke rock clean help \
  lint lint-lua lint-rules lint-clang lint-tidy lint-cppcheck
.DELETE_ON_ERROR:
