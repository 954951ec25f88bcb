function solution = isac(problem, varargin)
% SOLUTION = ISAC(PROBLEM, OPTION...) solves a problem of isac: a struct in the layout of its documents, with
% complex arrays as they are. Needs the program isac on the path of the system. SOLUTION has the fields of
% `isac solve --json`; beams are complex arrays. Octave 7 or MATLAB R2016b and newer.
  file = [tempname() '.json'];
  text = fopen(file, 'w'); fprintf(text, '%s', jsonencode(parts(problem))); fclose(text);
  [code, out] = system(strjoin([{'isac solve --json', ['"' file '"']}, varargin], ' '));
  delete(file);
  if ~any(code == [0 3 4]), error('isac:input', '%s', out); end
  solution = jsondecode(out);
  for name = fieldnames(solution.beamformers)'
    beam = solution.beamformers.(name{1});
    solution.beamformers.(name{1}) = beam.re + 1i * beam.im;
  end
end

function value = parts(value)
% Complex arrays as documents have them: real and imaginary parts, row by row.
  if isstruct(value)
    value = arrayfun(@(one) structfun(@parts, one, 'UniformOutput', false), value);
  elseif isnumeric(value) && ~isreal(value)
    rows = @(array) cellfun(@(row) num2cell(row), num2cell(array, 2), 'UniformOutput', false);
    value = struct('re', {rows(real(value))}, 'im', {rows(imag(value))});
  end
end
