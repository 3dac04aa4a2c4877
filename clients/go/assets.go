package footlight

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"unicode"

	"google.golang.org/grpc/codes"

	v1 "footlight.local/footlight/v1"
)

// Asset is one piece of generated content with its bytes, whose SHA-256 was checked.
type Asset struct {
	*v1.Asset
	Data []byte
}

var endings = map[string]string{
	"image/png": ".png", "image/webp": ".webp", "image/jpeg": ".jpg", "image/gif": ".gif", "audio/midi": ".mid",
	"audio/wav": ".wav", "audio/x-wav": ".wav", "model/gltf-binary": ".glb", "model/vnd.usdz+zip": ".usdz",
	"application/json": ".json", "application/x-npy": ".npy", "text/plain": ".txt",
}

// FileName says what made the asset, such as "mlp-gan-v3-42.npy".
func (a *Asset) FileName() string {
	ending, known := endings[a.MediaType]
	if !known {
		ending = ".bin"
	}
	return strings.Map(harmless, fmt.Sprintf("%s-v%d-%d%s", a.Deployment, a.ModelVersion, a.Seed, ending))
}

// harmless keeps a name inside its folder, whatever a server says.
func harmless(letter rune) rune {
	if strings.ContainsRune("-_.", letter) || unicode.IsLetter(letter) || unicode.IsDigit(letter) {
		return letter
	}
	return '_'
}

// Save writes the asset into a folder under its FileName, and a signature that is not in the bytes beside it. The folder is made
// where there is none.
func (a *Asset) Save(folder string) (string, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(folder, a.FileName())
	if err := os.WriteFile(path, a.Data, 0o644); err != nil {
		return "", err
	}
	if len(a.Sidecar) == 0 {
		return path, nil
	}
	return path, os.WriteFile(path+".c2pa", a.Sidecar, 0o644)
}

// Generate makes assets and gives each to take as it is done; an error of take ends the call.
func (c *Client) Generate(ctx context.Context, request *v1.GenerateRequest, take func(*Asset) error) error {
	ctx, cancel := context.WithTimeout(ctx, TransferTimeout)
	defer cancel()
	messages, err := c.Generation.Generate(ctx, request)
	if err != nil {
		return err
	}
	return assembled(take, func() (*v1.Asset, []byte, error) {
		message, err := messages.Recv()
		return message.GetAsset(), message.GetData(), err
	})
}

// GenerateToFiles makes assets and writes each into a folder; it answers the paths.
func (c *Client) GenerateToFiles(ctx context.Context, request *v1.GenerateRequest, folder string) ([]string, error) {
	var paths []string
	err := c.Generate(ctx, request, func(asset *Asset) error {
		path, err := asset.Save(folder)
		paths = append(paths, path)
		return err
	})
	return paths, err
}

// GetAsset reads an asset that was made before.
func (c *Client) GetAsset(ctx context.Context, assetID string) (found *Asset, err error) {
	ctx, cancel := context.WithTimeout(ctx, TransferTimeout)
	defer cancel()
	messages, err := c.Generation.GetAsset(ctx, &v1.GetAssetRequest{AssetId: assetID})
	if err != nil {
		return nil, err
	}
	err = assembled(func(asset *Asset) error { found = asset; return nil }, func() (*v1.Asset, []byte, error) {
		message, err := messages.Recv()
		return message.GetAsset(), message.GetData(), err
	})
	if err == nil && found == nil {
		err = &Error{Code: codes.DataLoss, Message: "asset " + assetID + " did not come"}
	}
	return found, err
}

// assembled puts assets together from the messages of a stream.
func assembled(take func(*Asset) error, next func() (*v1.Asset, []byte, error)) error {
	var asset *v1.Asset
	var data bytes.Buffer
	for {
		opened, more, err := next()
		if err == io.EOF {
			if asset != nil {
				return &Error{Code: codes.DataLoss, Message: "the bytes of asset " + asset.AssetId + " were cut short"}
			}
			return nil
		}
		if err != nil {
			return err
		}
		if opened != nil {
			asset, data = opened, bytes.Buffer{}
		}
		data.Write(more)
		if asset == nil || int64(data.Len()) < asset.SizeBytes {
			continue
		}
		if digest := sha256.Sum256(data.Bytes()); !bytes.Equal(digest[:], asset.Sha256) {
			return &Error{Code: codes.DataLoss, Message: "the bytes of asset " + asset.AssetId + " are not those that were made"}
		}
		if err := take(&Asset{asset, data.Bytes()}); err != nil {
			return err
		}
		asset = nil
	}
}

const chunk = 1 << 20

// UploadCorpus uploads every file of a file system to learn from, os.DirFS(folder) for instance; rights may be nil.
func (c *Client) UploadCorpus(ctx context.Context, name string, files fs.FS, rights *v1.CorpusRights) (*v1.Corpus, error) {
	paths, err := regular(files)
	if err != nil {
		return nil, err
	}
	contents := make(map[string][]byte, len(paths))
	for _, path := range paths {
		if contents[path], err = fs.ReadFile(files, path); err != nil {
			return nil, err
		}
	}
	return c.UploadFiles(ctx, name, contents, rights)
}

func regular(files fs.FS) (paths []string, err error) {
	err = fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			paths = append(paths, path)
		}
		return err
	})
	return paths, err
}

// UploadFiles uploads files, bytes by path.
func (c *Client) UploadFiles(ctx context.Context, name string, files map[string][]byte, rights *v1.CorpusRights) (*v1.Corpus, error) {
	ctx, cancel := context.WithTimeout(ctx, TransferTimeout)
	defer cancel()
	upload, err := c.Generation.UploadCorpus(ctx)
	if err != nil {
		return nil, err
	}
	for _, message := range messagesOf(name, files, rights) {
		if err := upload.Send(message); err != nil {
			break // the server refuses it: CloseAndRecv tells why
		}
	}
	answer, err := upload.CloseAndRecv()
	return answer.GetCorpus(), err
}

func messagesOf(name string, files map[string][]byte, rights *v1.CorpusRights) []*v1.UploadCorpusRequest {
	header := &v1.CorpusHeader{Name: name, FileCount: int32(len(files)), Rights: rights}
	messages := []*v1.UploadCorpusRequest{{Part: &v1.UploadCorpusRequest_Header{Header: header}}}
	paths := make([]string, 0, len(files))
	for path := range files {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		data := files[path]
		file := &v1.CorpusFile{Path: path, SizeBytes: int64(len(data))}
		messages = append(messages, &v1.UploadCorpusRequest{Part: &v1.UploadCorpusRequest_File{File: file}})
		for at := 0; at < len(data); at += chunk {
			end := at + chunk
			if end > len(data) {
				end = len(data)
			}
			messages = append(messages, &v1.UploadCorpusRequest{Part: &v1.UploadCorpusRequest_Chunk{Chunk: data[at:end]}})
		}
	}
	return messages
}
