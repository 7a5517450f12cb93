# SPDX-License-Identifier: BSD-3-Clause
# Fuzz targets. "make check" replays their corpora, with any compiler; "make
# fuzz" explores, with clang's libFuzzer in a build of its own, FUZZ_SECONDS
# a target, and FUZZ_TARGETS says which.

FUZZ_SECONDS = 60
FUZZ_TARGETS = config control core memory netfacts netlink nlsock policy

fuzz_programs = \
	tests/fuzz/fuzz-config \
	tests/fuzz/fuzz-control \
	tests/fuzz/fuzz-core \
	tests/fuzz/fuzz-memory \
	tests/fuzz/fuzz-netfacts \
	tests/fuzz/fuzz-netlink \
	tests/fuzz/fuzz-nlsock \
	tests/fuzz/fuzz-policy

check_PROGRAMS += $(fuzz_programs)
EXTRA_DIST += tests/fuzz/local.mk tests/fuzz/corpus
dist_check_SCRIPTS += tests/fuzz/explore

# libFuzzer has a main() of its own.
if FUZZING
fuzz_main =
else
fuzz_main = tests/fuzz/replay.c
TESTS += $(fuzz_programs)
endif

fuzz_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/tests
fuzz_ldflags = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
fuzz_corpus = $(abs_top_srcdir)/tests/fuzz/corpus
fuzz_modules = -DFUZZ_MODULES=\"$(abs_top_builddir)/plugins/policies/.libs\"
fuzz_headers = tests/fuzz/fuzz.h

# netlink/nlsock.c's socket is the input (tests/fuzz/fake-netlink.h).
fuzz_wraps = -Wl,--wrap=socket,--wrap=bind,--wrap=getsockname \
	-Wl,--wrap=setsockopt,--wrap=getsockopt,--wrap=poll \
	-Wl,--wrap=sendto,--wrap=recvmsg
fuzz_fake_netlink = tests/fuzz/fake-netlink.c tests/fuzz/fake-netlink.h

tests_fuzz_fuzz_config_SOURCES = tests/fuzz/fuzz-config.c \
	tests/fuzz/complaints.h tests/fuzz/memfile.h $(fuzz_headers)
nodist_tests_fuzz_fuzz_config_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_config_CPPFLAGS = $(fuzz_cppflags) \
	-DFUZZ_CORPUS=\"$(fuzz_corpus)/config\"
tests_fuzz_fuzz_config_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_config_LDADD = libconf.la

tests_fuzz_fuzz_control_SOURCES = tests/fuzz/fuzz-control.c $(fuzz_headers)
nodist_tests_fuzz_fuzz_control_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_control_CPPFLAGS = $(fuzz_cppflags) \
	-DFUZZ_CORPUS=\"$(fuzz_corpus)/control\"
tests_fuzz_fuzz_control_CFLAGS = $(AM_CFLAGS) $(ELL_CFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_control_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_control_LDADD = libtestrail.la libhost.la

fuzz_core_sources = tests/fuzz/fuzz-core.c \
	tests/fuzz/core-kernel.c \
	tests/fuzz/core-lists.c \
	tests/fuzz/core-rules.c tests/fuzz/core-rules.h \
	tests/fuzz/core-world.c tests/fuzz/core-world.h \
	src/host/describe.c $(fuzz_headers) $(scarce_sources)
tests_fuzz_fuzz_core_SOURCES = $(fuzz_core_sources)
nodist_tests_fuzz_fuzz_core_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_core_CPPFLAGS = $(fuzz_cppflags) \
	$(fuzz_modules) -DFUZZ_CORPUS=\"$(fuzz_corpus)/core\"
tests_fuzz_fuzz_core_LDFLAGS = $(fuzz_ldflags) $(scarce_wraps)
tests_fuzz_fuzz_core_LDADD = libconf.la libcore.la libutil.la

# The same without memory, of which a fuzzer need not find out.
if !FUZZING
check_PROGRAMS += tests/fuzz/core-scarce
TESTS += tests/fuzz/core-scarce
endif
tests_fuzz_core_scarce_SOURCES = tests/fuzz/core-scarce.c \
	$(fuzz_core_sources)
tests_fuzz_core_scarce_CPPFLAGS = $(tests_fuzz_fuzz_core_CPPFLAGS)
tests_fuzz_core_scarce_LDFLAGS = $(AM_LDFLAGS) $(scarce_wraps)
tests_fuzz_core_scarce_LDADD = $(tests_fuzz_fuzz_core_LDADD)

tests_fuzz_fuzz_memory_SOURCES = tests/fuzz/fuzz-memory.c \
	tests/fuzz/memfile.h $(fuzz_headers)
nodist_tests_fuzz_fuzz_memory_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_memory_CPPFLAGS = $(fuzz_cppflags) \
	-DFUZZ_CORPUS=\"$(fuzz_corpus)/memory\"
tests_fuzz_fuzz_memory_CFLAGS = $(AM_CFLAGS) $(ELL_CFLAGS) $(JANSSON_CFLAGS)
tests_fuzz_fuzz_memory_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_memory_LDADD = libhost.la

tests_fuzz_fuzz_netfacts_SOURCES = tests/fuzz/fuzz-netfacts.c \
	$(fuzz_fake_netlink) $(fuzz_headers)
nodist_tests_fuzz_fuzz_netfacts_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_netfacts_CPPFLAGS = $(fuzz_cppflags) \
	-DFUZZ_CORPUS=\"$(fuzz_corpus)/netfacts\"
tests_fuzz_fuzz_netfacts_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
tests_fuzz_fuzz_netfacts_LDFLAGS = $(fuzz_ldflags) $(fuzz_wraps)
tests_fuzz_fuzz_netfacts_LDADD = libnetlink.la

tests_fuzz_fuzz_netlink_SOURCES = tests/fuzz/fuzz-netlink.c $(fuzz_headers)
nodist_tests_fuzz_fuzz_netlink_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_netlink_CPPFLAGS = $(fuzz_cppflags) \
	-DFUZZ_CORPUS=\"$(fuzz_corpus)/netlink\"
tests_fuzz_fuzz_netlink_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
tests_fuzz_fuzz_netlink_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_netlink_LDADD = libnetlink.la

tests_fuzz_fuzz_nlsock_SOURCES = tests/fuzz/fuzz-nlsock.c \
	$(fuzz_fake_netlink) $(fuzz_headers)
nodist_tests_fuzz_fuzz_nlsock_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_nlsock_CPPFLAGS = $(fuzz_cppflags) \
	-DFUZZ_CORPUS=\"$(fuzz_corpus)/nlsock\"
tests_fuzz_fuzz_nlsock_CFLAGS = $(AM_CFLAGS) $(MNL_CFLAGS)
tests_fuzz_fuzz_nlsock_LDFLAGS = $(fuzz_ldflags) $(fuzz_wraps)
tests_fuzz_fuzz_nlsock_LDADD = libnetlink.la

tests_fuzz_fuzz_policy_SOURCES = tests/fuzz/fuzz-policy.c \
	tests/fuzz/complaints.h tests/fuzz/memfile.h $(fuzz_headers)
nodist_tests_fuzz_fuzz_policy_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_policy_CPPFLAGS = $(fuzz_cppflags) \
	$(fuzz_modules) -DFUZZ_CORPUS=\"$(fuzz_corpus)/policy\"
tests_fuzz_fuzz_policy_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_policy_LDADD = libconf.la

EXTRA_DIST += tests/fuzz/replay.c

# What tests/fuzz/explore needs.
fuzz-programs: $(policy_LTLIBRARIES) tests/list-keys $(fuzz_programs)

fuzz:
	FUZZ_SECONDS='$(FUZZ_SECONDS)' \
		'$(abs_top_srcdir)/tests/fuzz/explore' $(FUZZ_TARGETS)
.PHONY: fuzz fuzz-programs
