/* SPDX-License-Identifier: Apache-2.0 */
/* Inlined functions out of .dwo and .dwp files, of programs that gcc builds for
 * this test (DWARF 4 and 5); packages are a .dwo file with an index of our own,
 * right and lying. test/oracle/lines.mjs compares other compilers and packers. */
#include "made_images.h"

static const char SOURCE[] = "static inline __attribute__((always_inline)) int inner(volatile int *x) { return *x * 3; }\n"
			     "static inline __attribute__((always_inline)) int middle(volatile int *x)\n"
			     "{\n"
			     "\treturn inner(x) + 1;\n"
			     "}\n"
			     "int main(int count)\n"
			     "{\n"
			     "\tvolatile int x = count;\n"
			     "\treturn middle(&x);\n"
			     "}\n";

static void begin(const char *program)
{
	uint32_t name, image;
	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
	CHECK_EQ(ptm_strings_add(&strings, program, strlen(program), &name), PTM_OK);
	CHECK_EQ(ptm_images_want(&images, name, NULL, 0, &image), PTM_OK);
	CHECK_EQ(offer(program), PTM_OK);
}

static void end(void)
{
	ptm_images_free(&images);
	ptm_strings_free(&strings);
	strings = (ptm_strings){ 0 };
}

/* The functions inlined anywhere in the program, "outer>inner", and the line there; "": none is. */
static const char *inlined_somewhere(uint32_t *line)
{
	static char text[256];
	const ptm_image *image = &images.images.at[1];
	for (uint32_t i = 0; i < image->loads.length; i++)
		for (uint64_t at = image->loads.at[i].address; image->loads.at[i].executable && at < image->loads.at[i].address + image->loads.at[i].file_size; at++) {
			uint32_t file, inlined[8], depth = 8;
			CHECK_EQ(ptm_image_line(&images, 1, at, &file, line, inlined, &depth), PTM_OK);
			if (depth != 2)
				continue;
			snprintf(text, sizeof text, "%s>%s", ptm_strings_get(&strings, inlined[0]), ptm_strings_get(&strings, inlined[1]));
			return text;
		}
	return "";
}

static uint64_t skeleton_id(void)
{
	uint32_t count;
	ptm_skeleton skeleton;
	CHECK_EQ(ptm_image_skeletons(&images, 1, &count), PTM_OK);
	CHECK_EQ(count, 1);
	CHECK_EQ(ptm_image_skeleton(&images, 1, 0, &skeleton), PTM_OK);
	CHECK_TEXT(ptm_strings_get(&strings, skeleton.name), "part.dwo");
	CHECK_TEXT(ptm_strings_get(&strings, skeleton.directory), "/built");
	return skeleton.id;
}

static void inlined_functions_are_of_the_split_file(const char *program)
{
	uint32_t line;
	begin(program);
	CHECK_TEXT(inlined_somewhere(&line), "");
	CHECK(skeleton_id() != 0);
	CHECK_EQ(offer("part.dwo"), PTM_OK);
	CHECK_TEXT(inlined_somewhere(&line), "middle>inner");
	CHECK_EQ(line, 1);
	end();
}

static void a_split_file_of_another_build_is_refused(const char *program)
{
	char wanted[512];
	uint32_t line;
	begin(program);
	unsigned long long id = skeleton_id();
	run("mkdir -p other && cp other.dwo other/part.dwo", "");
	CHECK_EQ(offer("other/part.dwo"), PTM_MISMATCH);
	snprintf(wanted, sizeof wanted, ", but %s was built with %016llx: this is another build. Use the file of that build.", program, id);
	CHECK(!strncmp(message.text, "other/part.dwo has id ", 22));
	CHECK_TEXT(message.text + 22 + 16, wanted);
	CHECK_EQ(offer("other.dwo"), PTM_NOT_FOUND);
	CHECK_TEXT(message.text, "other.dwo is not needed: no binary that was given was built with its debug information. Give the binary first.");
	CHECK_TEXT(inlined_somewhere(&line), "");
	end();
}

/* An index of one unit. Sizes of sections are read from the file; `longer` is added to the first column's. */
static void write_index(uint32_t version, uint64_t id, uint32_t longer)
{
	static const uint32_t kinds[2][4] = { { 1, 3, 6, 6 }, { 1, 3, 6, 8 } };
	static const char *const names[] = { ".debug_info.dwo", ".debug_abbrev.dwo", ".debug_str_offsets.dwo", ".debug_rnglists.dwo" };
	uint32_t columns = version == 5 ? 4 : 3, words[64] = { version, columns, 1, 2 }, at = 4;
	words[at + 2 * (id & 1)] = (uint32_t)id;
	words[at + 2 * (id & 1) + 1] = (uint32_t)(id >> 32);
	at += 4;
	words[at + (id & 1)] = 1;
	at += 2;
	for (uint32_t i = 0; i < columns; i++)
		words[at++] = kinds[version == 5][i];
	at += columns; /* all begin at 0 */
	for (uint32_t i = 0; i < columns; i++) {
		char path[128];
		snprintf(path, sizeof path, "%s/section", directory);
		run("rm -f section; objcopy -O binary --set-section-flags %s=alloc --only-section=%s part.dwo section; [ -e section ] || : >section", names[i]);
		FILE *file = fopen(path, "rb");
		CHECK(file && !fseek(file, 0, SEEK_END));
		words[at++] = file ? (uint32_t)ftell(file) + (i ? 0 : longer) : 0;
		if (file)
			fclose(file);
	}
	char path[128];
	snprintf(path, sizeof path, "%s/index", directory);
	FILE *file = fopen(path, "wb");
	CHECK(file && fwrite(words, 4, at, file) == at);
	if (file)
		fclose(file);
	run("objcopy --add-section .debug_cu_index=index part.dwo %s.dwp", "program");
}

static void a_package_is_read_by_its_index(const char *program, uint32_t version)
{
	uint32_t line;
	begin(program);
	uint64_t id = skeleton_id();
	write_index(version, id, 0);
	CHECK_EQ(offer("program.dwp"), PTM_OK);
	CHECK_TEXT(inlined_somewhere(&line), "middle>inner");
	end();

	begin(program);
	write_index(version, id ^ 1, 0);
	CHECK_EQ(offer("program.dwp"), PTM_MISMATCH);
	CHECK_TEXT(message.text, "program.dwp holds 1 unit, but none of those that program was built of: it is of another build.");
	write_index(version, id, 1);
	CHECK_EQ(offer("program.dwp"), PTM_BAD_DATA);
	CHECK(strstr(message.text, "program.dwp is damaged: its index says that unit 0 has "));
	CHECK(strstr(message.text, " bytes at 0 of .debug_info.dwo, which has "));
	write_index(7, id, 0);
	CHECK_EQ(offer("program.dwp"), PTM_UNSUPPORTED);
	CHECK_TEXT(message.text, "program.dwp has an index of units of version 7; 2 and 5 are read.");
	CHECK_TEXT(inlined_somewhere(&line), "");
	end();
}

int main(void)
{
	char path[128];
	if (!mkdtemp(directory))
		return 1;
	snprintf(path, sizeof path, "%s/part.c", directory);
	FILE *file = fopen(path, "w");
	CHECK(file && fputs(SOURCE, file) >= 0 && !fclose(file));
	run("sed s/inner/deeper/ part.c >other.c", "");
	for (uint32_t version = 4; version <= 5; version++) {
		run("for part in part other; do gcc -gdwarf-%s -gsplit-dwarf -fdebug-prefix-map=$PWD=/built -O2 -c $part.c -o $part.o; done", version == 4 ? "4" : "5");
		run("gcc -nostdlib -Wl,-e,main part.o -o %s", "program");
		inlined_functions_are_of_the_split_file("program");
		a_split_file_of_another_build_is_refused("program");
		a_package_is_read_by_its_index("program", version == 4 ? 2 : 5);
	}
	run("rm -rf \"$PWD\"", "");
	return check_report("split_files");
}
