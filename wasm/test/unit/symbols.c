/* SPDX-License-Identifier: Apache-2.0 */
/* Which symbol perf 6.1 prints for an address, and by what name. What is wanted
 * here was seen from perf itself: test/oracle/symbols.mjs compares on any binary. */
#include "check.h"
#include "elf_file.h"
#include "image/demangle.h"
#include "image/image.h"
#include "image/symbol_tree.h"

static ptm_strings strings;
static ptm_images images;
static elf_file file;
static char text[4096];

static void publish(void)
{
	uint32_t name, image, served;
	ptm_message message;
	elf_file_publish(&file);
	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
	CHECK_EQ(ptm_strings_add(&strings, "a", 1, &name), PTM_OK);
	CHECK_EQ(ptm_images_want(&images, name, NULL, 0, &image), PTM_OK);
	CHECK_EQ(ptm_images_offer(&images, file.source, file.size, "a", &served, &message), PTM_OK);
}

static void end(void)
{
	ptm_images_free(&images);
	ptm_strings_free(&strings);
}

/* The symbol of every address of a stretch of code, as "first-last name" lines. */
static const char *show(uint64_t first, uint64_t last)
{
	const ptm_symbol *before = NULL;
	size_t length = 0;
	uint64_t start = first;
	text[0] = 0;
	for (uint64_t address = first; address <= last; address++) {
		const ptm_symbol *symbol = address < last ? ptm_image_symbol(&images, 1, address) : NULL;
		if (symbol == before && address < last)
			continue;
		if (before)
			length += (size_t)snprintf(text + length, sizeof text - length, "%llx-%llx %s\n", (unsigned long long)start,
						   (unsigned long long)address, ptm_strings_get(&strings, before->name));
		before = symbol;
		start = address;
	}
	return text;
}

static const char *symbols(const elf_file_symbol *list, uint32_t count)
{
	elf_file_make(&file, 1, 20, 0x90, list, count);
	publish();
	show(0x401000, 0x402000);
	end();
	return text;
}
#define SYMBOLS(...) symbols((const elf_file_symbol[]){ __VA_ARGS__ }, sizeof((elf_file_symbol[]){ __VA_ARGS__ }) / sizeof(elf_file_symbol))

static void sizes_bound_symbols_and_missing_ones_are_guessed(void)
{
	CHECK_TEXT(SYMBOLS({ 0x401100, 0x10, "sized", STB_GLOBAL, STT_FUNC, 1 }, { 0x401200, 0, "open", STB_GLOBAL, STT_FUNC, 1 },
			   { 0x401300, 8, "next", STB_LOCAL, STT_GNU_IFUNC, 1 }, { 0x401700, 0, "last", STB_LOCAL, STT_FUNC, 1 }),
		   "401100-401110 sized\n401200-401300 open\n401300-401308 next\n401700-402000 last\n");
}

static void labels_count_and_what_is_no_code_does_not(void)
{
	CHECK_TEXT(SYMBOLS({ 0x401100, 0, "label", STB_LOCAL, STT_NOTYPE, 1 }, { 0x401200, 4, "object", STB_LOCAL, STT_OBJECT, 1 },
			   { 0x401300, 4, "file", STB_LOCAL, STT_FILE, SHN_ABS }, { 0x401400, 4, "absolute", STB_GLOBAL, STT_FUNC, SHN_ABS },
			   { 0x401500, 4, "undefined", STB_GLOBAL, STT_FUNC, SHN_UNDEF }, { 0x401600, 4, "", STB_GLOBAL, STT_FUNC, 1 },
			   { 0x401700, 4, "section", STB_LOCAL, STT_SECTION, 1 }, { 0x401780, 4, "unloaded", STB_LOCAL, STT_FUNC, 3 }),
		   "401100-401200 label\n401200-401204 object\n");
}

static void of_several_symbols_in_one_place_the_best_is_kept(void)
{
	CHECK_TEXT(SYMBOLS({ 0x401100, 0, "global_without_size", STB_GLOBAL, STT_FUNC, 1 }, { 0x401100, 4, "sized", STB_LOCAL, STT_FUNC, 1 },
			   { 0x401110, 4, "global_label", STB_GLOBAL, STT_NOTYPE, 1 }, { 0x401110, 4, "function", STB_LOCAL, STT_FUNC, 1 },
			   { 0x401120, 4, "weak_and_longer", STB_WEAK, STT_FUNC, 1 }, { 0x401120, 4, "local", STB_LOCAL, STT_FUNC, 1 },
			   { 0x401130, 4, "local_and_longer", STB_LOCAL, STT_FUNC, 1 }, { 0x401130, 4, "global", STB_GLOBAL, STT_FUNC, 1 },
			   { 0x401140, 4, "__underscored", STB_GLOBAL, STT_FUNC, 1 }, { 0x401140, 4, "plain", STB_GLOBAL, STT_FUNC, 1 },
			   { 0x401150, 4, "short", STB_GLOBAL, STT_FUNC, 1 }, { 0x401150, 4, "longer", STB_GLOBAL, STT_FUNC, 1 },
			   { 0x401160, 4, "first", STB_GLOBAL, STT_FUNC, 1 }, { 0x401160, 4, "other", STB_GLOBAL, STT_FUNC, 1 }),
		   "401100-401104 sized\n401110-401114 global_label\n401120-401124 local\n401130-401134 global\n401140-401144 plain\n"
		   "401150-401154 longer\n401160-401164 first\n");
}

static void of_several_symbols_the_best_depends_on_how_they_are_named(void)
{
	static const elf_file_symbol both[] = { { 0x401100, 4, "_ZNSsC1Ev", STB_GLOBAL, STT_FUNC, 1 }, { 0x401100, 4, "_Z7abcdefgv", STB_GLOBAL, STT_FUNC, 1 } };
	CHECK_TEXT(symbols(both, 2), "401100-401104 std::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string\n");
	elf_file_make(&file, 1, 20, 0x90, both, 2);
	publish();
	ptm_images_name(&images, PTM_NAMED_LINKED, false);
	CHECK_TEXT(show(0x401000, 0x402000), "401100-401104 _Z7abcdefgv\n");
	end();
}

static void where_symbols_overlap_the_shape_of_the_tree_decides(void)
{
	CHECK_TEXT(SYMBOLS({ 0x401100, 0x100, "outer", STB_GLOBAL, STT_FUNC, 1 }, { 0x401140, 8, "inner", STB_GLOBAL, STT_FUNC, 1 }),
		   "401100-401200 outer\n");
	CHECK_TEXT(SYMBOLS({ 0x401140, 8, "inner", STB_GLOBAL, STT_FUNC, 1 }, { 0x401100, 0x100, "outer", STB_GLOBAL, STT_FUNC, 1 }),
		   "401100-401140 outer\n401140-401148 inner\n");
}

static void names_in_code_are_demangled(void)
{
	CHECK_TEXT(SYMBOLS({ 0x401100, 4, "_ZN3foo3barEi", STB_GLOBAL, STT_FUNC, 1 }, { 0x401110, 4, "_ZN3foo3barEi.cold", STB_LOCAL, STT_FUNC, 1 },
			   { 0x401120, 4, "main.cold", STB_LOCAL, STT_FUNC, 1 }),
		   "401100-401104 foo::bar\n401110-401114 foo::bar\n401120-401124 main.cold\n");
}

/* Turns the symbol table into a .dynsym and adds a .plt with two entries. */
static const char *plt_of_entries(uint64_t entry_size)
{
	elf_file_make(&file, 1, 20, 0x90, (elf_file_symbol[]){ { 0, 0, "puts", STB_GLOBAL, STT_FUNC, 0 },
			{ 0, 0, "_ZdlPv", STB_GLOBAL, STT_FUNC, 0 }, { 0x401400, 4, "own", STB_GLOBAL, STT_FUNC, 1 } }, 3);
	static const char names[] = "\0.text\0.data\0.dynsym\0.strtab\0.shstrtab\0.plt\0.rela.plt";
	Elf64_Ehdr *header = (Elf64_Ehdr *)file.bytes;
	Elf64_Shdr *section = (Elf64_Shdr *)(file.bytes + 0x400);
	Elf64_Rela *relocation = (Elf64_Rela *)(file.bytes + 0x700);
	memcpy(file.bytes + 0x300, names, sizeof names);
	header->e_shnum = 8;
	section[3].sh_type = SHT_DYNSYM;
	section[5].sh_size = sizeof names;
	section[6] = (Elf64_Shdr){ .sh_name = 39, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addr = 0x401200, .sh_offset = 0x1200, .sh_size = 0x30, .sh_entsize = entry_size };
	section[7] = (Elf64_Shdr){ .sh_name = 44, .sh_type = SHT_RELA, .sh_offset = 0x700, .sh_size = 3 * sizeof(Elf64_Rela), .sh_link = 3, .sh_entsize = sizeof(Elf64_Rela) };
	relocation[0].r_info = ELF64_R_INFO(2, R_X86_64_JUMP_SLOT);
	relocation[1].r_info = ELF64_R_INFO(1, R_X86_64_JUMP_SLOT);
	relocation[2].r_info = ELF64_R_INFO(77, R_X86_64_JUMP_SLOT);
	publish();
	show(0x401000, 0x402000);
	end();
	return text;
}

static void plt_entries_are_named_by_their_relocations(void)
{
	CHECK_TEXT(plt_of_entries(0x10), "401210-401220 operator delete@plt\n401220-401230 puts@plt\n401230-401240 @plt\n401400-401404 own\n");
	/* LLVM's linker tells no size: perf then has names without one, found at one address. */
	CHECK_TEXT(plt_of_entries(0), "401200-401201 puts@plt\n401400-401404 own\n");
}

/* Adds a .plt, a .plt.got with one entry and, `second`, a .plt.sec, whose slots relocations fill, one of them by the choice of `own`. */
static const char *newer_plt_of(uint64_t plt_size, bool second)
{
	elf_file_make(&file, 1, 20, 0x90, (elf_file_symbol[]){ { 0, 0, "puts", STB_GLOBAL, STT_FUNC, 0 },
			{ 0, 0, "_ZdlPv", STB_GLOBAL, STT_FUNC, 0 }, { 0x401400, 4, "own", STB_GLOBAL, STT_FUNC, 1 },
			{ 0x401180, 0x100, "into_it", STB_GLOBAL, STT_FUNC, 1 } }, 4);
	static const char names[] = "\0.text\0.data\0.dynsym\0.strtab\0.shstrtab\0.plt\0.rela.plt\0.plt.got\0.rela.dyn\0.plt.sec";
	static const uint8_t jump[] = { 0xff, 0x25, 0xfa, 0x05, 0, 0 }; /* of 0x1300 to 0x1900 */
	Elf64_Ehdr *header = (Elf64_Ehdr *)file.bytes;
	Elf64_Shdr *section = (Elf64_Shdr *)(file.bytes + 0x400);
	Elf64_Rela *relocation = (Elf64_Rela *)(file.bytes + 0x800);
	memcpy(file.bytes + 0x300, names, sizeof names);
	memcpy(file.bytes + 0x1300, jump, sizeof jump);
	header->e_shnum = second ? 11 : 10;
	section[3].sh_type = SHT_DYNSYM;
	section[5].sh_size = sizeof names;
	section[6] = (Elf64_Shdr){ .sh_name = 39, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addr = 0x401200, .sh_offset = 0x1200, .sh_size = plt_size, .sh_addralign = 16 };
	section[7] = (Elf64_Shdr){ .sh_name = 44, .sh_type = SHT_RELA, .sh_offset = 0x800, .sh_size = 3 * sizeof(Elf64_Rela), .sh_link = 3, .sh_entsize = sizeof(Elf64_Rela) };
	section[8] = (Elf64_Shdr){ .sh_name = 54, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addr = 0x401300, .sh_offset = 0x1300, .sh_size = 16, .sh_entsize = 8 };
	section[9] = (Elf64_Shdr){ .sh_name = 63, .sh_type = SHT_RELA, .sh_offset = 0x848, .sh_size = sizeof(Elf64_Rela), .sh_link = 3, .sh_entsize = sizeof(Elf64_Rela) };
	section[10] = (Elf64_Shdr){ .sh_name = 73, .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC | SHF_EXECINSTR, .sh_addr = 0x401500, .sh_offset = 0x1500, .sh_size = 0x30, .sh_entsize = 16 };
	relocation[0] = (Elf64_Rela){ .r_offset = 0x402010, .r_info = ELF64_R_INFO(1, R_X86_64_JUMP_SLOT) };
	relocation[1] = (Elf64_Rela){ .r_offset = 0x402008, .r_info = ELF64_R_INFO(0, R_X86_64_IRELATIVE), .r_addend = 0x401400 };
	relocation[2] = (Elf64_Rela){ .r_offset = 0x402018, .r_info = ELF64_R_INFO(77, R_X86_64_JUMP_SLOT) };
	relocation[3] = (Elf64_Rela){ .r_offset = 0x1900, .r_info = ELF64_R_INFO(2, R_X86_64_GLOB_DAT) };
	publish();
	ptm_images_name(&images, PTM_NAMED_WHOLE, true);
	show(0x401000, 0x402000);
	end();
	return text;
}

static void newer_perf_names_more_of_a_plt(void)
{
	/* A symbol that reaches into the .plt ends there. */
	CHECK_TEXT(newer_plt_of(0x40, false), "401180-401200 into_it\n401200-401210 .plt\n401210-401220 own@plt\n401220-401230 puts@plt\n401230-401240 offset_0x1230@plt\n"
		"401300-401308 operator delete(void*)@plt\n401308-401310 offset_0x1308@plt\n401400-401404 own\n");
	/* As many entries as relocations: none is the header. */
	CHECK_TEXT(newer_plt_of(0x30, false), "401180-401200 into_it\n401200-401210 own@plt\n401210-401220 puts@plt\n401220-401230 offset_0x1220@plt\n"
		"401300-401308 operator delete(void*)@plt\n401308-401310 offset_0x1308@plt\n401400-401404 own\n");
	CHECK_TEXT(newer_plt_of(0x40, true), "401180-401200 into_it\n401200-401240 .plt\n401300-401308 operator delete(void*)@plt\n401308-401310 offset_0x1308@plt\n401400-401404 own\n"
		"401500-401510 own@plt\n401510-401520 puts@plt\n401520-401530 offset_0x1520@plt\n");
}

static void a_separate_debug_file_gives_symbols_but_no_code(void)
{
	uint32_t name, image, served, length = 1;
	uint8_t code;
	ptm_message message;
	elf_file_make(&file, 1, 20, 0x90, (elf_file_symbol[]){ { 0x401400, 4, "split", STB_GLOBAL, STT_FUNC, 1 } }, 1);
	((Elf64_Shdr *)(file.bytes + 0x400))[1].sh_type = SHT_NOBITS;
	((Elf64_Shdr *)(file.bytes + 0x400))[1].sh_offset = 0x40;
	elf_file_publish(&file);
	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
	CHECK_EQ(ptm_strings_add(&strings, "a", 1, &name), PTM_OK);
	CHECK_EQ(ptm_images_want(&images, name, (const uint8_t *)"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1", 20, &image), PTM_OK);
	CHECK_EQ(ptm_images_offer(&images, file.source, file.size, "a.debug", &served, &message), PTM_OK);
	CHECK_EQ(served, 1);
	CHECK_EQ(images.images.at[1].status, PTM_IMAGE_MISSING);
	CHECK_EQ(ptm_image_code(&images.images.at[1], 0x1400, &code, &length), PTM_NOT_FOUND);
	CHECK_TEXT(show(0x401000, 0x402000), "");
	elf_file_make(&file, 1, 20, 0x90, NULL, 0);
	elf_file_publish(&file);
	CHECK_EQ(ptm_images_offer(&images, file.source, file.size, "a", &served, &message), PTM_OK);
	CHECK_TEXT(show(0x401000, 0x402000), "401400-401404 split\n");
	end();
}

/* As eu-strip leaves it where relocations need the symbols: they stay in the binary. */
static void a_separate_debug_file_whose_symbols_stayed_behind_names_nothing(void)
{
	static const elf_file_symbol stayed = { 0x401400, 4, "stayed", STB_GLOBAL, STT_FUNC, 1 };
	uint32_t name, image, served;
	ptm_message message;
	CHECK_EQ(ptm_images_init(&images, &strings), PTM_OK);
	CHECK_EQ(ptm_strings_add(&strings, "a", 1, &name), PTM_OK);
	CHECK_EQ(ptm_images_want(&images, name, NULL, 0, &image), PTM_OK);
	for (int split = 0; split < 2; split++) {
		elf_file_make(&file, 1, 20, 0x90, &stayed, 1);
		if (split)
			((Elf64_Shdr *)(file.bytes + 0x400))[1].sh_type = ((Elf64_Shdr *)(file.bytes + 0x400))[3].sh_type = SHT_NOBITS;
		elf_file_publish(&file);
		CHECK_EQ(ptm_images_offer(&images, file.source, file.size, split ? "a.debug" : "a", &served, &message), PTM_OK);
	}
	CHECK_EQ(images.images.at[1].debug_size, file.size);
	CHECK_TEXT(show(0x401000, 0x402000), "401400-401404 stayed\n");
	end();
}

static const char *demangled_as(const char *symbol, ptm_name_style style)
{
	ptm_text into = { 0 };
	ptm_status status = ptm_demangle(symbol, style, &into);
	snprintf(text, sizeof text, "%s", status == PTM_OK ? into.bytes.at : status == PTM_NOT_FOUND ? "-" : "error");
	ptm_array_free(&into.bytes);
	return text;
}

static const char *demangled(const char *symbol)
{
	return demangled_as(symbol, PTM_NAMED_BRIEF);
}

static void names_with_parameters_are_written_as_libstdcxx_does(void)
{
	static const char *const known[][2] = {
		{ "main", "-" },
		{ "i", "int" },
		{ "PFivE", "int (*)()" },
		{ "Ss", "std::string" },
		{ "_Z1fi", "f(int)" },
		{ "_Z1fiXX", "-" },
		{ "_Z1fi.isra.0", "f(int) [clone .isra.0]" },
		{ "_Z1fi.isra.0.cold", "f(int) [clone .isra.0] [clone .cold]" },
		{ "_Z1fi.0.1", "f(int) [clone .0.1]" },
		{ "_Z1fi.A", "-" },
		{ "_ZNKR3foo3barEv", "foo::bar() const &" },
		{ "_Z1fIiET_S0_", "int f<int>(int)" },
		{ "_Z1fPFvPFviEE", "f(void (*)(void (*)(int)))" },
		{ "_ZZN3foo3barEvENUlT_E_clIiEEDaS0_", "auto foo::bar()::{lambda(auto:1)#1}::operator()<int>(int)" },
		{ "_GLOBAL__D__Z1fi", "global destructors keyed to f(int)" },
		{ "_ZN4core3fmt5write17h0123456789abcddfE", "core::fmt::write" },
		{ "_ZN4core3fmt5write17h0123456789abcddfE.llvm.1", "-" },
		{ "_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write::h0123456789abcdef" },
		{ "_ZN3foo9a$u5b$b.c17h9de8ade9b35b9fc9E", "foo::a[b-c" },
		{ "_ZN3foo7a$u7b$b17h9de8ade9b35b9fc9E", "foo::a$u7b$b::h9de8ade9b35b9fc9" },
		{ "_RNvC6_123foo3bar", "-" },
		{ "Ljava/lang/Object;<init>()V", "java.lang.Object<init>()" },
		{ "camlStdlib__List_1", "Stdlib.List_1" },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		CHECK_TEXT(demangled_as(known[i][0], PTM_NAMED_WHOLE), known[i][1]);
	CHECK_TEXT(demangled_as("_Z1fi", PTM_NAMED_LINKED), "-");
}

static void mangled_names_are_written_as_gnu_does(void)
{
	static const char *const known[][2] = {
		{ "main", "-" },
		{ "_Z", "-" },
		{ "_Z3foov.part.0", "foo" },
		{ "_ZNKSs4sizeEv", "std::string::size" },
		{ "_ZNSsC1Ev", "std::basic_string<char, std::char_traits<char>, std::allocator<char> >::basic_string" },
		{ "_ZNSt6vectorIPFivESaIS1_EE9push_backEOS1_", "std::vector<int (*)(), std::allocator<int (*)()> >::push_back" },
		{ "_ZN3FooIA3_KcMS_KFviEE3barEv", "Foo<char const [3], void (Foo::*)(int) const>::bar" },
		{ "_ZN3FooILi5ELb1ELm7ELc65EE3barEv", "Foo<5, true, 7ul, (char)65>::bar" },
		{ "_ZN3FooIJEJiEE3barEv", "Foo<, int>::bar" },
		{ "_ZN4llvm11PassManagerINS_15MachineFunctionENS_15AnalysisManagerIS1_JEEEJEE3runERS1_RS3_",
		  "llvm::PassManager<llvm::MachineFunction, llvm::AnalysisManager<llvm::MachineFunction>>::run" },
		{ "_ZN3FoocvT_IiEEv", "Foo::operator int<int>" },
		{ "_Zli3_kmy", "operator\"\" _km" },
		{ "_ZN3FoodlEPv", "Foo::operator delete" },
		{ "_ZN12_GLOBAL__N_13barEv", "(anonymous namespace)::bar" },
		{ "_ZZ3fooIiEvT_ENKUlvE_clEv", "foo<int>(int)::{lambda()#1}::operator()" },
		{ "_ZZN1AC1EvENKUlT_E_clIiEEDaS0_", "A::A()::{lambda(auto:1)#1}::operator()<int>" },
		{ "_ZThn16_N3Foo3barEi", "non-virtual thunk to Foo::bar(int)" },
		{ "_ZZN9__gnu_cxx6__stoaIlicJiEEET0_PFT_PKT1_PPS3_DpT2_EPKcS5_PmS9_E3foo",
		  "__gnu_cxx::__stoa<long, int, char, int>(long (*)(char const*, char**, int), char const*, char const*, unsigned long*, int)::foo" },
		/* A parameter behind && means what it meant where it was first met. */
		{ "_ZN4llvm3orc6shared15WrapperFunctionIFNS1_8SPSEmptyENS1_11SPSSequenceINS1_8SPSTupleIJNS1_15SPSExecutorAddrEmEEEEEEE9callAsyncIZNS0_22ExecutorProcessCo"
		  "ntrol19callSPSWrapperAsyncIFvS8_ENSC_9RunAsTaskENS_15unique_functionIFvNS_5ErrorEEEEJNS_8ArrayRefINS0_8tpctypes9UIntWriteImEEEEEEEvOT0_NS0_12ExecutorA"
		  "ddrEOT1_DpRKT2_EUlOT_PKcmE_ZNS2_ISE_E9callAsyncIS12_SJ_JSO_EEEvSZ_SQ_DpRKT1_EUlSH_S3_E_JSO_EEEvSZ_SQ_S18_",
		  "llvm::orc::shared::WrapperFunction<llvm::orc::shared::SPSEmpty (llvm::orc::shared::SPSSequence<llvm::orc::shared::SPSTuple<llvm::orc::shared::SPSExecu"
		  "torAddr, unsigned long> >)>::callAsync<llvm::orc::ExecutorProcessControl::callSPSWrapperAsync<void (llvm::orc::shared::SPSSequence<llvm::orc::shared::"
		  "SPSTuple<llvm::orc::shared::SPSExecutorAddr, unsigned long> >), llvm::orc::ExecutorProcessControl::RunAsTask, llvm::unique_function<void (llvm::Error)"
		  ">, llvm::ArrayRef<llvm::orc::tpctypes::UIntWrite<unsigned long> > >(llvm::orc::ExecutorProcessControl::RunAsTask&&, llvm::orc::ExecutorAddr, llvm::uni"
		  "que_function<void (llvm::Error)>&&, llvm::ArrayRef<llvm::orc::tpctypes::UIntWrite<unsigned long> > const&)::{lambda(auto:1&&, char const*, unsigned lo"
		  "ng)#1}, llvm::orc::shared::WrapperFunction<void (llvm::orc::shared::SPSSequence<llvm::orc::shared::SPSTuple<llvm::orc::shared::SPSExecutorAddr, unsign"
		  "ed long> >)>::callAsync<llvm::orc::ExecutorProcessControl::callSPSWrapperAsync<void (llvm::orc::shared::SPSSequence<llvm::orc::shared::SPSTuple<llvm::"
		  "orc::shared::SPSExecutorAddr, unsigned long> >), llvm::orc::ExecutorProcessControl::RunAsTask, llvm::unique_function<void (llvm::Error)>, llvm::ArrayR"
		  "ef<llvm::orc::tpctypes::UIntWrite<unsigned long> > >(llvm::orc::ExecutorProcessControl::RunAsTask&&, llvm::orc::ExecutorAddr, llvm::unique_function<vo"
		  "id (llvm::Error)>&&, llvm::ArrayRef<llvm::orc::tpctypes::UIntWrite<unsigned long> > const&)::{lambda(auto:1&&, char const*, unsigned long)#1}, llvm::u"
		  "nique_function<void (llvm::Error)>, llvm::ArrayRef<llvm::orc::tpctypes::UIntWrite<unsigned long> > >(llvm::orc::ExecutorProcessControl::callSPSWrapper"
		  "Async<void (llvm::orc::shared::SPSSequence<llvm::orc::shared::SPSTuple<llvm::orc::shared::SPSExecutorAddr, unsigned long> >), llvm::orc::ExecutorProce"
		  "ssControl::RunAsTask, llvm::unique_function<void (llvm::Error)>, llvm::ArrayRef<llvm::orc::tpctypes::UIntWrite<unsigned long> > >(llvm::orc::ExecutorP"
		  "rocessControl::RunAsTask&&, llvm::orc::ExecutorAddr, llvm::unique_function<void (llvm::Error)>&&, llvm::ArrayRef<llvm::orc::tpctypes::UIntWrite<unsign"
		  "ed long> > const&)::{lambda(auto:1&&, char const*, unsigned long)#1}&&, llvm::orc::ExecutorProcessControl::RunAsTask&&, llvm::ArrayRef<llvm::orc::tpct"
		  "ypes::UIntWrite<unsigned long> > const&)::{lambda(llvm::Error, llvm::orc::shared::SPSEmpty)#1}, llvm::ArrayRef<llvm::orc::tpctypes::UIntWrite<unsigned"
		  " long> > >" },
		{ "_ZTVN3FooE", "vtable for Foo" },
		{ "_GLOBAL__I_main", "global constructors keyed to main" },
		{ "_GLOBAL__D__Z1fi", "global destructors keyed to f(int)" },
		{ "_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write" },
		{ "_ZN60_$LT$alloc..string..String$u20$as$u20$core..fmt..Display$GT$3fmt17h9d6a7a3e1e1e1e1fE",
		  "<alloc::string::String as core::fmt::Display>::fmt" },
		{ "_RNvCs15kBYyAo9fc_7mycrate7example.llvm.1", "mycrate::example" },
		{ "_RNqCs4fqI2P2rA04_11utf8_identsu30____7hkackfecea1cbdathfdh9hlq6y", "utf8_idents::საჭმელად_გემრიელი_სადილი" },
		{ "_RNCINkXs25_NgCsbmNqQUJIY6D_4core5sliceINyB9_4IterhENuNgNoBb_4iter8iterator8Iterator9rpositionNCNgNpB9_6memchr7memrchrs_0E0Bb_",
		  "<core::slice::Iter<u8> as core::iter::iterator::Iterator>::rposition::<core::slice::memchr::memrchr::{closure#1}>::{closure#0}" },
		{ "_RINvC1a1bDG_INtC1x1yL0_Ep3Foohp3BarbEL_E", "a::b::<dyn for<'a> x::y<'a, Foo = u8, Bar = bool>>" },
		{ "_RINvC1a1bB3_E", "-" },
		{ "camlStdlib__bytes__$2b$2b_2205", "Stdlib.bytes.++_2205" },
		{ "camlfoo", "-" },
		{ "Ljava/util/P$B;match(Ljava/util/Matcher;I[[D)Z", "java.util.P$B.match(java.util.Matcher, int, double[][])" },
		{ "Ljava/lang/Object;<init>()V", "java.lang.Object<init>()" },
		{ "La;b;c(I)V", "-" },
		{ "Lfoo/Bar;b(I", "-" },
		{ "Label", "-" },
		{ "_ZT_", "-" },
		{ "_ZN3fooE3", "foo" },
		{ "_ZNS0_E", "-" },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		CHECK_TEXT(demangled(known[i][0]), known[i][1]);
}

static void every_prefix_and_byte_of_a_mangled_name_is_survived(void)
{
	static const char name[] = "_ZZN9__gnu_cxx6__stoaIlicJiELi5EXspT_EEET0_PFT_PKT1_PPS3_DpT2_EPKcS5_PmS9_A4_iENKUlDpT_E_clIJidEEEDaS1_";
	char changed[sizeof name];
	for (size_t length = 0; length < sizeof name - 1; length++) {
		memcpy(changed, name, length);
		changed[length] = 0;
		(void)demangled(changed);
		for (const char *c = "EISTNZL0_9"; *c; c++) {
			memcpy(changed, name, sizeof name);
			changed[length] = *c;
			(void)demangled(changed);
			(void)demangled_as(changed, PTM_NAMED_WHOLE);
		}
	}
	char deep[1100] = "_Z1f";
	memset(deep + 4, 'P', 1000);
	CHECK_TEXT(demangled(deep), "f");
	memcpy(deep, "_Z1fI", 5);
	CHECK_TEXT(demangled(deep), "-");
}

/* The tree's shape, by names: "(left name right)". */
static uint32_t shape_of(const ptm_symbol_tree *tree, uint32_t node, uint64_t *hash)
{
	const ptm_symbol_node *at = &tree->nodes.at[node];
	if (!node)
		return 0;
	uint32_t depth = shape_of(tree, at->left, hash);
	*hash = (*hash ^ (at->name * 2 + at->red)) * UINT64_C(0x100000001b3);
	uint32_t right = shape_of(tree, at->right, hash);
	*hash = (*hash ^ depth << 8 ^ right) * UINT64_C(0x100000001b3);
	return (depth > right ? depth : right) + 1;
}

/* Names in order of start, by the list; the sum of what is out of order is 0. */
static uint32_t walk_of(const ptm_symbol_tree *tree, uint64_t *hash)
{
	uint32_t wrong = 0, previous = 0;
	for (uint32_t node = ptm_symbol_tree_first(tree); node; node = ptm_symbol_tree_next(tree, node)) {
		const ptm_symbol_node *at = &tree->nodes.at[node];
		wrong += at->previous != previous || (previous && tree->nodes.at[previous].start > at->start);
		*hash = (*hash ^ at->name) * UINT64_C(0x100000001b3);
		previous = node;
	}
	return wrong;
}

static uint64_t tree_hash(const ptm_symbol_tree *tree)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	(void)shape_of(tree, tree->root, &hash);
	CHECK_EQ(walk_of(tree, &hash), 0);
	return hash;
}

static void symbols_added_at_once_make_the_tree_of_those_inserted_one_by_one(void)
{
	uint64_t state = 12345;
	for (uint32_t round = 0; round < 60; round++) {
		ptm_symbol_tree one, many;
		uint32_t count = round < 8 ? round : round * 7, spread = round % 3 ? 1u << 20 : 64;
		CHECK_EQ(ptm_symbol_tree_init(&one), PTM_OK);
		CHECK_EQ(ptm_symbol_tree_init(&many), PTM_OK);
		for (uint32_t name = 1; name <= count; name++) {
			state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
			uint64_t start = round % 5 ? (state >> 33) % spread : name * 16;
			ptm_symbol_node symbol = { .start = start | (round % 7 ? 0 : (state >> 60) << 40), .end = start + 8, .name = name };
			CHECK_EQ(ptm_symbol_tree_insert(&one, &symbol), PTM_OK);
			CHECK_EQ(ptm_symbol_tree_add(&many, &symbol), PTM_OK);
			/* A second table comes after the first was put in. */
			if (name == count / 2 && round % 2)
				CHECK_EQ(ptm_symbol_tree_insert_added(&many), PTM_OK);
		}
		CHECK_EQ(ptm_symbol_tree_insert_added(&many), PTM_OK);
		CHECK(tree_hash(&one) == tree_hash(&many));
		/* What is erased leaves both alike, down to nothing. */
		while (one.first) {
			ptm_symbol_tree_erase(&one, one.root);
			ptm_symbol_tree_erase(&many, many.root);
			if (tree_hash(&one) != tree_hash(&many)) {
				CHECK(!"alike after an erasure");
				break;
			}
		}
		CHECK_EQ(many.root, 0);
		ptm_symbol_tree_free(&one);
		ptm_symbol_tree_free(&many);
	}
}

int main(void)
{
	symbols_added_at_once_make_the_tree_of_those_inserted_one_by_one();
	sizes_bound_symbols_and_missing_ones_are_guessed();
	labels_count_and_what_is_no_code_does_not();
	of_several_symbols_in_one_place_the_best_is_kept();
	of_several_symbols_the_best_depends_on_how_they_are_named();
	where_symbols_overlap_the_shape_of_the_tree_decides();
	names_in_code_are_demangled();
	plt_entries_are_named_by_their_relocations();
	newer_perf_names_more_of_a_plt();
	a_separate_debug_file_gives_symbols_but_no_code();
	a_separate_debug_file_whose_symbols_stayed_behind_names_nothing();
	mangled_names_are_written_as_gnu_does();
	names_with_parameters_are_written_as_libstdcxx_does();
	every_prefix_and_byte_of_a_mangled_name_is_survived();
	return check_report("symbols");
}
